import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'mocha'
import { type BatchChild, createBatchChild } from '../../../src/datapath/batch-child.ts'
import { type Clock, systemClock as clock } from '../../../src/lib/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { createHandClock } from '../../support/hand-clock.ts'
import { must } from './lab.ts'

describe('datapath batch child', () => {
  const namespace = `skdp${process.pid}-batch`
  let child: BatchChild
  const open = (options: { clock?: Clock } = {}) => createBatchChild({ program: 'ip', namespace, clock, ...options })
  const pids = () => must('ip', 'netns', 'pids', namespace)
  const line = (text: string) => ({ line: text })

  before(() => must('ip', 'netns', 'add', namespace))
  afterEach(() => child.close())
  after(() => must('ip', 'netns', 'del', namespace))

  it('goes on after a failing line and says which failed and why', async () => {
    child = open()
    const add = 'link add name probe type bridge'
    const failures = await child.run([line(add), line(add), line('link set none up'), line('link set probe up')])
    assert.deepEqual(failures, [
      { line: add, text: 'RTNETLINK answers: File exists' },
      { line: 'link set none up', text: 'Cannot find device "none"' },
    ])
    assert.match(await must('ip', '-n', namespace, 'link', 'show', 'probe'), /UP/)
  })

  it('passes over the failures that a line expects, and no others', async () => {
    child = open()
    const ignore = /Cannot find device/
    const commands = [
      { line: 'link del none', ignore },
      { line: 'link add name lo type bridge', ignore },
    ]
    assert.deepEqual(
      (await child.run(commands)).map(failure => failure.line),
      ['link add name lo type bridge'],
    )
  })

  it('keeps batches apart that are given at once', async () => {
    child = open()
    const [first, second] = await Promise.all([child.run([line('link del x')]), child.run([line('link del y')])])
    assert.deepEqual([first?.length, first?.[0]?.line, second?.[0]?.line], [1, 'link del x', 'link del y'])
  })

  it('rejects what was under way when the child ends, and starts another for the next', async () => {
    child = open()
    // the one command whose failure ends `ip` in spite of -force
    await assert.rejects(child.run([line('neigh del 10.0.0.1 dev lo'), line('link set lo up')]), /No such file/)
    assert.deepEqual(await child.run([line('link set lo up')]), [])
  })

  it('rejects when there is no such namespace', async () => {
    child = createBatchChild({ program: 'bridge', namespace: 'skdp-none', clock })
    await assert.rejects(child.run([line('fdb show')]), /skdp-none/)
  })

  it('leaves no process in the namespace when idle', async () => {
    const byHand = createHandClock()
    child = open({ clock: byHand })
    await child.run([line('link set lo up')])
    assert.notEqual(await pids(), '')
    byHand.pass(30_000)
    await eventually(async () => (await pids()) === '')
  })
})

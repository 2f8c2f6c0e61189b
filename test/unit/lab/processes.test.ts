import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess, isRunning, lastLines, recordOf, signalProcess, startDetached } from '../../../lab/processes.ts'
import { until } from '../../../lab/wait.ts'

describe('lab: processes', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'skein-lab-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it('starts, knows and ends a process', async () => {
    const record = await startDetached('it', ['sleep', '60'], join(folder, 'log'))
    assert.ok(isRunning(record))
    await endProcess(record, 'SIGTERM', 2000)
    assert.ok(!isRunning(record))
  })

  it('ends one that does not heed SIGTERM', async () => {
    const log = join(folder, 'log')
    const record = await startDetached(
      'it',
      ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.01; done'],
      log,
    )
    await until(() => (readFileSync(log, 'utf8') === 'ready\n' ? true : undefined), {
      timeoutMs: 2000,
      what: 'not ready',
    })
    await endProcess(record, 'SIGTERM', 50)
    assert.ok(!isRunning(record))
  })

  it('takes a pid with another start time for somebody else', () => {
    const own = recordOf(process.pid)
    assert.ok(own && isRunning(own))
    const other = { ...own, startTicks: String(Number(own.startTicks) - 1) }
    assert.ok(!isRunning(other))
    signalProcess(other, 'SIGKILL') // would end this test
  })

  it('says what cannot be started', async () => {
    await assert.rejects(
      startDetached('the engine', ['/nonexistent'], join(folder, 'log')),
      /cannot start the engine: .*ENOENT/,
    )
  })

  it('quotes the end of a log on one line', async () => {
    const log = join(folder, 'log')
    assert.equal(lastLines(log), '')
    const record = await startDetached('it', ['sh', '-c', 'printf "1\\n2\\n3\\n4\\n"; sleep 60'], log)
    await until(() => (lastLines(log).includes('4') ? true : undefined), { timeoutMs: 2000, what: 'no output' })
    await endProcess(record, 'SIGKILL', 2000)
    assert.equal(lastLines(log), `; last lines of ${log}: 2 | 3 | 4`)
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { readEntries } from '../../../src/datapath/links.ts'
import { run } from '../../../src/lib/exec.ts'
import { must } from './lab.ts'

describe('datapath: reading the entries of the kernel', () => {
  const namespace = `skdp${process.pid}-read`
  const inside = (program: 'ip' | 'bridge', words: string) => must(program, '-n', namespace, ...words.split(' '))
  const vniOf = (device: string) => ({ vx1: 101, vx2: 102 })[device]

  before(async () => {
    await must('ip', 'netns', 'add', namespace)
    for (const n of [1, 2]) {
      await inside('ip', `link add br${n} type bridge`)
      await inside('ip', `link add vx${n} type vxlan id ${100 + n} local 192.0.2.1 dstport 7374 nolearning proxy`)
      await inside('ip', `link set vx${n} master br${n} up`)
      await inside('bridge', `fdb replace 02:02:0a:01:01:0${n} dev vx${n} dst 192.0.2.${n}0 vni 500 self master static`)
      await inside('bridge', `fdb append 00:00:00:00:00:00 dev vx${n} dst 192.0.2.${n}0 vni ${100 + n}`)
      await inside('ip', `neigh replace 10.1.1.${n} lladdr 02:02:0a:01:01:0${n} dev vx${n} nud permanent`)
    }
  })
  after(() => must('ip', 'netns', 'del', namespace))

  it('finds the same of one device, asked for alone or among all', async () => {
    const all = await readEntries(run, namespace, vniOf)
    const alone = await readEntries(run, namespace, vniOf, 'vx2')
    const entries = {
      unicast: new Map([['02:02:0a:01:01:02', '192.0.2.20 500']]),
      flood: new Set(['192.0.2.20 102']),
      neighbours: new Map([['10.1.1.2', '02:02:0a:01:01:02']]),
    }
    assert.deepEqual(all('vx2'), entries)
    assert.deepEqual(alone('vx2'), entries)
    assert.deepEqual([...all('vx1').neighbours.keys()], ['10.1.1.1'])
  })
})

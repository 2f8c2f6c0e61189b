import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Member } from '../../../src/crdt/registry-view.ts'
import { tenantOfNamespace } from '../../../src/datapath/names.ts'
import {
  answered,
  forwardingText,
  nextSilences,
  probeCreation,
  probeTargets,
  type Silence,
  solicitationText,
  turnOf,
} from '../../../src/datapath/probe-plan.ts'
import { isVni, probeVni, vniCandidates } from '../../../src/datapath/vni.ts'
import { parseIp } from '../../../src/model/ip.ts'
import { network } from './world.ts'

const ip = (text: string) => parseIp(text) as number
const [a, b, c] = [ip('192.168.2.10'), ip('192.168.2.11'), ip('192.168.2.12')]

function member(key: string, vtepAddress: string): Member {
  return { key, name: key, settled: true, waitingFor: [], addresses: [], vtepAddress, mtu: 1500, machine: '' }
}

describe('datapath probe', () => {
  it('asks every other VTEP address once, whoever published it', () => {
    const members = [
      member('me', '192.168.2.10'),
      member('before', '192.168.2.10'),
      member('two', '192.168.2.11'),
      member('two-before', '192.168.2.11'),
      member('three', '192.168.2.12'),
      member('new', ''),
      member('odd', '192.168.2.12; reboot'),
    ]
    assert.deepEqual(
      [...probeTargets(members, 'me', '192.168.2.10')],
      [
        [b, ['two', 'two-before']],
        [c, ['three']],
      ],
    )
  })

  it('I4: has a VNI that no network gets, and a namespace that no tenant gets', () => {
    assert.equal(isVni(probeVni), false)
    for (const wishes of [
      { recorded: probeVni, pktTag: 0 },
      { existing: probeVni, pktTag: probeVni },
    ]) {
      assert.ok(!vniCandidates(network, wishes, new Map()).includes(probeVni))
    }
    assert.ok(!vniCandidates('f'.repeat(64), { pktTag: 0 }, new Map()).includes(probeVni))
    assert.equal(tenantOfNamespace('skein_probe'), undefined)
    assert.equal(tenantOfNamespace('skein-probe'), 'probe')
  })

  it('asks each alone, with entries that follow from the address', () => {
    assert.deepEqual(
      probeCreation(a, 7374, 'ns').map(command => command.line),
      [
        'link add name skp0 address 06:00:c0:a8:02:0a type vxlan id 16777215 local 192.168.2.10 dstport 7374 nolearning',
        'link set skp0 netns ns',
      ],
    )
    assert.equal(forwardingText([b]), 'fdb replace 06:00:c0:a8:02:0b dev skp0 dst 192.168.2.11 self static\n')
    assert.equal(
      solicitationText([b, c]),
      'neigh replace 192.168.2.11 lladdr 06:00:c0:a8:02:0b dev skp0 nud probe\n' +
        'neigh replace 192.168.2.12 lladdr 06:00:c0:a8:02:0c dev skp0 nud probe\n',
    )
  })

  it('takes only a fresh answer for one', () => {
    const show = [
      { dst: '192.168.2.10', state: ['REACHABLE'] },
      { dst: '192.168.2.11', state: ['FAILED'] },
      // revived by a request of the other side, which says nothing of the way there
      { dst: '192.168.2.12', state: ['STALE'] },
    ]
    assert.deepEqual([...answered(JSON.stringify(show))], [a])
    assert.deepEqual([...answered('')], [])
  })

  it('goes round when there are more than one round may ask', () => {
    const all = [1, 2, 3, 4, 5]
    assert.deepEqual(turnOf(all, 3, 9), all)
    assert.deepEqual(
      [turnOf(all, 0, 2), turnOf(all, 2, 2), turnOf(all, 4, 2)],
      [
        [1, 2],
        [3, 4],
        [5, 1],
      ],
    )
  })

  it('counts silence from its first round, ends it with an answer, forgets who is gone, keeps who was not asked', () => {
    const targets = new Map([a, b, c].map(address => [address, ['key']]))
    const round = (before: ReadonlyMap<number, Silence>, asked: number[], answers: number[], nowMs: number) =>
      nextSilences(before, { targets, asked, answers: new Set(answers), nowMs })
    const first = round(new Map(), [a, b], [a], 1000)
    assert.deepEqual([...first], [[b, { rounds: 1, sinceMs: 1000 }]])
    const second = round(first, [b, c], [], 2000)
    assert.deepEqual(
      [...second],
      [
        [b, { rounds: 2, sinceMs: 1000 }],
        [c, { rounds: 1, sinceMs: 2000 }],
      ],
    )
    assert.deepEqual([...round(second, [a], [], 3000).keys()], [b, c, a])
    assert.deepEqual([...round(second, [b, c], [b, c], 3000)], [])
    targets.delete(b)
    assert.deepEqual([...round(second, [], [], 3000).keys()], [c])
  })
})

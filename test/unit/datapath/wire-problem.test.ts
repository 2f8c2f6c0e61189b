import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import {
  badTag,
  creationProblem,
  downUplink,
  missingUplink,
  noUplink,
  wireConditions,
  wireError,
} from '../../../src/datapath/wire-problem.ts'
import { checkNetwork } from '../../../src/model/network.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.3.0/24', encap: 'vlan', pktTag: 112 })
const off = (name: string, isUsed: boolean, problem = noUplink) => ({ name, isUsed, problem })

/** What the kernel says (6.18 without, 6.12 with 802.1Q), and what becomes of it. */
const failures: [text: string, code: string, says: RegExp][] = [
  ['Error: Unknown device type.', 'unsupported', /kernel has no 802\.1Q VLAN devices; load them with: modprobe 8021q/],
  [
    'Error: 8021q: VLAN device already exists.',
    'unavailable',
    /another device has VLAN 112 on eth2; find it with: ip -d/,
  ],
  ['RTNETLINK answers: File exists', 'unavailable', /another device has VLAN 112 on eth2/],
  [
    'Error: 8021q: VLANs not supported on device.',
    'unavailable',
    /VLAN 112 on eth2: Error: 8021q: VLANs not supported/,
  ],
]

describe('datapath: a VLAN network off its wire', () => {
  for (const [text, code, says] of failures) {
    it(`says what is wrong and what to do: ${text}`, () => {
      const error = wireError({ name: 'web', spec }, creationProblem(text, 112, 'eth2'))
      assert.equal(error.code, code)
      assert.match(error.message, /^network web does not reach VLAN 112 from this host: /)
      assert.match(error.message, says)
    })
  }

  it('tells who starts a container how the host gets an uplink', () => {
    assert.equal(
      wireError({ name: 'web', spec }, noUplink).message,
      'network web does not reach VLAN 112 from this host: this host has no VLAN uplink; start skeind with ' +
        '--vlan-uplink NAME (SKEIN_VLAN_UPLINK), the interface that carries the VLANs',
    )
  })

  it('is no condition of a host that needs no uplink, until a container of it does', () => {
    assert.deepEqual(wireConditions([off('web', false), off('db', false, badTag(0))]), [])
    const [condition] = wireConditions([off('web', true), off('db', false)])
    assert.equal(condition?.text, 'VLAN network web is cut off from the other hosts: this host has no VLAN uplink')
    assert.equal(condition?.kind, 'vlan-uplink')
  })

  it('is one condition per cause, whoever uses it, where an uplink was given', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const found = wireConditions([
      ...names.map(name => off(name, false, missingUplink('eth2'))),
      off('x', false, downUplink('eth2')),
    ])
    assert.deepEqual(
      found.map(({ text }) => text),
      [
        'VLAN networks a, b, c, d, e and 2 more are cut off from the other hosts: VLAN uplink eth2 is not there',
        'VLAN network x is cut off from the other hosts: VLAN uplink eth2 is down',
      ],
    )
    assert.deepEqual(
      found.map(({ remedy }) => remedy),
      ['see: ip link; if it has another name now, start skeind with --vlan-uplink NAME', 'run: ip link set eth2 up'],
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Link } from '../../../src/datapath/links.ts'
import { bridgeName, vlanName } from '../../../src/datapath/names.ts'
import { isUsableVlan, vlanCommands, vlanCreation } from '../../../src/datapath/vlan-plan.ts'
import { network } from './world.ts'

const name = vlanName(network)
const bridge = bridgeName(network)
const nothing = {
  parentIndex: 0,
  kind: '',
  mac: '',
  mtu: 1500,
  up: true,
  master: '',
  addresses: [],
  addresses6: [],
  info: {},
  port: {},
}
const uplink: Link = { ...nothing, name: 'eth2', index: 4 }
const wishes = { network, tenant: 'blue', tag: 112, uplink }
const good: Link = {
  ...nothing,
  ...{ name, index: 9, parentIndex: 4, kind: 'vlan', master: bridge },
  ...{ info: { id: 112, protocol: '802.1Q' }, port: { learning: true } },
}
const lines = (link: Link | undefined, given = wishes) => vlanCommands(link, given).map(({ line }) => line)

describe('datapath: VLAN device', () => {
  it('is made on the uplink in the host, with its MTU, and moved to the tenant', () => {
    assert.deepEqual(
      vlanCreation({ ...wishes, uplink: { ...uplink, mtu: 9000 } }).map(({ line }) => line),
      [
        `link add link eth2 name ${name} mtu 9000 type vlan protocol 802.1Q id 112`,
        `link set ${name} netns skein-blue`,
      ],
    )
    assert.deepEqual(lines(undefined), [`link set ${name} master ${bridge}`, `link set ${name} up`])
  })

  it('is left alone when it is right', () => {
    assert.ok(isUsableVlan(good, wishes))
    assert.deepEqual(lines(good), [])
  })

  const wrong: [what: string, link: Link][] = [
    ['another tag', { ...good, info: { id: 113, protocol: '802.1Q' } }],
    ['another uplink', { ...good, parentIndex: 5 }],
    ['another protocol', { ...good, info: { id: 112, protocol: '802.1ad' } }],
    ['another kind', { ...good, kind: 'dummy' }],
  ]
  for (const [what, link] of wrong) {
    it(`cannot stay with ${what}`, () => assert.equal(isUsableVlan(link, wishes), false))
  }

  const drifts: [what: string, link: Link, command: string][] = [
    ['off the bridge', { ...good, master: '' }, `link set ${name} master ${bridge}`],
    ['down', { ...good, up: false }, `link set ${name} up`],
    ['with another MTU', { ...good, mtu: 1400 }, `link set ${name} mtu 1500`],
    ['not learning', { ...good, port: { learning: false } }, `link set ${name} type bridge_slave learning on`],
  ]
  for (const [what, link, command] of drifts) {
    it(`is repaired when it is ${what}`, () => assert.deepEqual(lines(link), [command]))
  }

  it('is not brought up while its uplink is down: the kernel refuses, and does it itself when the uplink comes', () => {
    const down = { ...wishes, uplink: { ...uplink, up: false } }
    assert.deepEqual(lines({ ...good, up: false }, down), [])
    assert.deepEqual(lines(undefined, down), [`link set ${name} master ${bridge}`])
  })
})

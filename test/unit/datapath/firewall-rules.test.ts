import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Member, Network } from '../../../src/crdt/registry-view.ts'
import { firewallText, isSharedPort, nextSenders, nextVnis, sendersIn } from '../../../src/datapath/firewall-rules.ts'
import { probeVni } from '../../../src/datapath/vni.ts'
import { network } from './world.ts'

const member = (key: string, ...addresses: string[]) => ({ key, addresses })

describe('datapath firewall', () => {
  it('admits the members except itself', () => {
    const members = [member('aa', '10.0.0.1'), member('bb', '10.0.0.2'), member('cc', '')]
    assert.deepEqual(nextSenders(new Map(), members, '10.0.0.1'), new Map([['10.0.0.2', 'bb']]))
  })

  it('I5: keeps an address whose member is unknown or has published nothing yet', () => {
    const before = new Map([['10.0.0.2', 'bb']])
    assert.deepEqual(nextSenders(before, [], '10.0.0.1'), before)
    assert.deepEqual(nextSenders(before, [member('bb', '')], '10.0.0.1'), before)
  })

  it('drops an address once its very member has another', () => {
    const before = new Map([['10.0.0.2', 'bb']])
    assert.deepEqual(nextSenders(before, [member('bb', '10.0.0.3')], '10.0.0.1'), new Map([['10.0.0.3', 'bb']]))
    const shared = [member('bb', '10.0.0.3'), member('cc', '10.0.0.2')]
    assert.equal(nextSenders(before, shared, '10.0.0.1').get('10.0.0.2'), 'cc')
  })

  it('admits each machine of a forked host (R8)', () => {
    const vteps = (owner: string, address: string) => ({ network, owner, address, vni: 5 })
    const view = {
      members: () => [{ key: 'bb', vtepAddress: '10.0.0.3' }] as Member[],
      networks: () => [{ id: network }] as Network[],
      vteps: () => [vteps('bb', '10.0.0.2'), vteps('bb', '10.0.0.3'), vteps('cc', '10.0.0.4')],
    }
    const before = new Map([['10.0.0.2', 'bb']])
    const senders = (isForked: boolean) =>
      [...nextSenders(before, sendersIn({ ...view, isForked: () => isForked }), '10.0.0.1').keys()].sort()
    assert.deepEqual(senders(true), ['10.0.0.2', '10.0.0.3'])
    assert.deepEqual(senders(false), ['10.0.0.3'])
  })

  it('puts nothing into the rule text that is no address or key', () => {
    const senders = new Map([
      ['10.0.0.2', 'bb'],
      ['10.0.0.3 }; flush ruleset', 'cc'],
      ['10.0.0.4', '"; flush ruleset'],
    ])
    const text = firewallText({ vxlanPort: 7374, senders, vnis: undefined, gatewaySubnets: [] })
    assert.ok(text.includes('elements = { 10.0.0.2 comment "bb" }'))
    assert.ok(!text.includes('flush'))
  })

  it('guards only our VNIs on a port that others use too, all frames on its own', () => {
    assert.deepEqual([isSharedPort(7374), isSharedPort(4789)], [false, true])
    const wishes = { senders: new Map(), gatewaySubnets: [] }
    const own = firewallText({ ...wishes, vxlanPort: 7374, vnis: undefined })
    assert.ok(own.includes('udp dport 7374 counter drop'))
    assert.ok(!own.includes('accept\n    meta'), 'nothing passes before the senders are looked at')
    const vnis = { received: new Set([8388609, 70]), known: new Set([8388609, 70, 71, 1.5, 2 ** 24]) }
    const shared = firewallText({ ...wishes, vxlanPort: 4789, vnis })
    assert.match(shared, /set received {\s+typeof @th,96,24\s+elements = { 70, 8388609 }/)
    assert.match(shared, /set known {\s+typeof @th,96,24\s+elements = { 70, 71, 8388609 }/)
    assert.match(shared, /chain vxlan_guard {\s+@th,96,24 != @received accept/)
    assert.match(shared, /@th,96,24 0-0xffffff accept\s+counter drop/, 'what says no VNI is dropped')
  })

  it('I5: goes on guarding a VNI that the state does not know', () => {
    const vnisOf = (key: string) => new Map(key === 'aa' ? [[8, 'web']] : [[9, 'web']])
    const view = { members: () => [{ key: 'aa' }, { key: 'bb' }] as Member[], vnisOf }
    assert.deepEqual(nextVnis(new Set([7]), view, 'aa'), {
      received: new Set([probeVni, 7, 8]),
      known: new Set([probeVni, 7, 8, 9]),
    })
  })

  it('isolates docker_gwbridge by each of its subnets', () => {
    const gatewaySubnets = ['172.18.0.1/16', 'fd00::1/64']
    const text = firewallText({ vxlanPort: 7374, senders: new Map(), vnis: undefined, gatewaySubnets })
    for (const field of [
      'ip saddr 172',
      'ip daddr 172',
      'arp saddr ip 172',
      'arp daddr ip 172',
      'ip6 saddr fd',
      'ip6 daddr fd',
    ])
      assert.ok(text.includes(field), field)
  })
})

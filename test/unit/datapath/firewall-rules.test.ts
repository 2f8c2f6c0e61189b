import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { firewallText, nextSenders } from '../../../src/datapath/firewall-rules.ts'

const member = (key: string, vtepAddress: string) => ({ key, vtepAddress })

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

  it('puts nothing into the rule text that is no address or key', () => {
    const senders = new Map([
      ['10.0.0.2', 'bb'],
      ['10.0.0.3 }; flush ruleset', 'cc'],
      ['10.0.0.4', '"; flush ruleset'],
    ])
    const text = firewallText({ vxlanPort: 7374, senders, gatewaySubnets: [] })
    assert.ok(text.includes('elements = { 10.0.0.2 comment "bb" }'))
    assert.ok(!text.includes('flush'))
  })

  it('isolates docker_gwbridge by each of its subnets', () => {
    const gatewaySubnets = ['172.18.0.1/16', 'fd00::1/64']
    const text = firewallText({ vxlanPort: 7374, senders: new Map(), gatewaySubnets })
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

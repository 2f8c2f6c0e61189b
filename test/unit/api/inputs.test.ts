/**
 * Good and bad input of every object and field over HTTP, on the socket and on the loopback port: what is bad changes nothing,
 * says why in one line, and has the status and the code of the error table.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { type ErrorCode, errorTable } from '../../../src/lib/errors.ts'
import { call, createTestPeer, startTestApi, type Target, type TestApi, type TestPeer } from './fixture.ts'

type Good = [method: string, path: string, body?: unknown]
type Bad = [method: string, path: string, body: unknown, code: ErrorCode, text: RegExp]

const prepared: Good[] = [
  ['POST', 'tenants/blue/'],
  ['POST', 'networks/default:web/', { subnet: '10.1.2.0/24' }],
  ['POST', 'networks/default:lan/', { subnet: '10.1.3.0/24', encap: 'vlan', pktTag: 112 }],
  ['POST', 'policys/default:p/'],
  ['POST', 'netprofiles/default:gold/', { bandwidth: '10mbps' }],
  ['POST', 'endpointGroups/default:app/', { networkName: 'web', policies: ['p'], netProfile: 'gold' }],
  ['POST', 'rules/default:p:1/', { action: 'deny', fromEndpointGroup: 'app', protocol: 'tcp', port: 80 }],
]

const rule = (field: string, value: unknown, code: ErrorCode, text: RegExp, more: object = {}): Bad => {
  return ['POST', 'rules/default:p:9/', { ...more, [field]: value }, code, text]
}
const network = (field: string, value: unknown, code: ErrorCode, text: RegExp, more: object = {}): Bad => {
  return ['POST', 'networks/default:new/', { subnet: '10.9.0.0/24', ...more, [field]: value }, code, text]
}
const group = (field: string, value: unknown, code: ErrorCode, text: RegExp): Bad => {
  return ['POST', 'endpointGroups/default:new/', { networkName: 'web', [field]: value }, code, text]
}
const global = (field: string, value: unknown, code: ErrorCode, text: RegExp): Bad => {
  return ['POST', 'globals/global/', { [field]: value }, code, text]
}
const why = (src: string, dst: string, flow: string, code: ErrorCode, text: RegExp, more = ''): Bad => {
  return ['GET', `why?src=${src}&dst=${dst}&flow=${flow}${more}`, undefined, code, text]
}

const good: Good[] = [
  ['PUT', 'tenants/green/', { tenantName: 'green', key: 'green' }],
  ['POST', 'networks/blue:web/', { subnet: '10.1.2.0/24', encap: 'vxlan', pktTag: 16777215, nwType: 'data' }],
  ['POST', 'networks/blue:vlan/', { subnet: '10.1.3.10-10.1.3.50/24', encap: 'vlan', pktTag: 0 }],
  ['POST', 'networks/blue:gated/', { subnet: '10.7.0.0/24', gateway: '10.7.0.1' }],
  ['POST', 'networks/blue:wired/', { subnet: '10.6.0.0/24', encap: 'vlan', pktTag: 0, gateway: '10.6.0.254' }],
  ['POST', 'endpointGroups/blue:app/', { networkName: 'web', ipPool: '10.1.2.10-10.1.2.20', policies: [] }],
  ['POST', 'rules/default:p:a.b-c/', { direction: 'out', toIpAddress: '192.0.2.0/24', priority: 100, action: 'allow' }],
  ['POST', 'rules/default:p:2/', { fromIpAddress: '10.1.2.3-9', protocol: '255', priority: 1 }],
  ['POST', 'rules/default:p:3/', { fromNetwork: 'web', protocol: 'udp', port: 65535, toIpAddress: '10.1.2.3' }],
  ['POST', 'netprofiles/default:gold/', { DSCP: 63, burst: 10486, bandwidth: '1 Gbps' }],
  ['POST', 'globals/global/', { vlans: '1-4094', vxlans: '8388608-16777214', fwdMode: 'bridge', arpMode: 'proxy' }],
  ['GET', 'why?src=app&dst=10.1.2.3&flow=tcp/80'],
  ['GET', 'why?src=app&dst=app.web&flow=icmp&tenant=default'],
]

const bad: Bad[] = [
  ['POST', 'tenants/a_b/', {}, 'invalid', /tenant name "a_b" is invalid/],
  ['POST', 'tenants/a%3Ab/', {}, 'invalid', /tenant name "a:b" is invalid/],
  ['POST', 'tenants/a/', { tenantName: 'b' }, 'invalid', /make them agree/],
  ['POST', 'tenants/a/', { defaultNetwork: 'web' }, 'unsupported', /leave out defaultNetwork/],
  ['POST', 'tenants/a/', { color: 'red' }, 'invalid', /bad request body: .*color/],
  ['POST', 'tenants/a/', 'text', 'invalid', /bad request body/],
  ['DELETE', 'tenants/default/', undefined, 'forbidden', /cannot be deleted/],
  ['DELETE', 'tenants/red/', undefined, 'not-found', /tenant red does not exist/],
  ['GET', 'inspect/tenants/red/', undefined, 'not-found', /tenant red does not exist/],

  ['POST', 'networks/new/', { subnet: '10.9.0.0/24' }, 'invalid', /write it as TENANT:NETWORK/],
  ['POST', 'networks/red:new/', { subnet: '10.9.0.0/24' }, 'not-found', /tenant red does not exist/],
  ['POST', 'networks/default:a_b/', { subnet: '10.9.0.0/24' }, 'invalid', /network name "a_b" is invalid/],
  ['POST', 'networks/default:web/', { subnet: '10.9.0.0/24' }, 'conflict', /exists with other parameters/],
  network('subnet', '', 'invalid', /subnet is required/),
  network('subnet', 7, 'invalid', /bad request body: subnet/),
  network('subnet', '10.1.2.0/25', 'conflict', /network web conflicts with subnet/),
  network('subnet', '10.9.0.0/31', 'invalid', /length of 8 to 30/),
  network('subnet', '10.9.0.0/7', 'invalid', /length of 8 to 30/),
  network('subnet', '10.9.0.1/24', 'invalid', /host bits/),
  network('subnet', '10.9.0.50-10.9.0.10/24', 'invalid', /ends before it starts/),
  network('subnet', '10.9.0.10-10.9.1.10/24', 'invalid', /leaves its prefix/),
  network('encap', 'gre', 'invalid', /encap "gre" is invalid/),
  network('nwType', 'infra', 'unsupported', /infra networks are not supported/),
  network('nwType', 'x', 'invalid', /nw-type "x" is invalid/),
  network('pktTag', -1, 'invalid', /pkt-tag -1 is invalid/),
  network('pktTag', 16777216, 'invalid', /pkt-tag 16777216 is invalid/),
  network('pktTag', 1.5, 'invalid', /bad request body: pktTag/),
  network('pktTag', '7', 'invalid', /bad request body: pktTag/),
  network('pktTag', 4095, 'invalid', /VLAN 4095 is invalid/, { encap: 'vlan' }),
  network('pktTag', 112, 'conflict', /VLAN 112 belongs to network lan/, { encap: 'vlan' }),
  network('cfgdTag', 'x', 'unsupported', /leave out --nw-tag/),
  network('gateway', '10.8.0.1', 'invalid', /gateway 10\.8\.0\.1 is no address of a host/),
  network('gateway', 'x', 'invalid', /gateway x is no address of a host/),
  network('gateway', '10.8.0.1', 'invalid', /10\.8\.0\.1 is no address of a host/, { encap: 'vlan', pktTag: 7 }),
  network('gateway', 1, 'invalid', /bad request body: gateway/),
  network('ipv6Gateway', 'fd00::1', 'invalid', /gateway fd00::1 needs its subnet: add --subnetv6=/),
  network('ipv6Gateway', 'fd00:9::fe', 'invalid', /has an IPv4 one too: add --gateway=/, { ipv6Subnet: 'fd00:9::/64' }),
  network('ipv6Gateway', 6, 'invalid', /bad request body: ipv6Gateway/),
  network('ipv6Subnet', 'fd00:9::1/64', 'invalid', /host bits set \(did you mean fd00:9::\/64\?\)/),
  network('ipv6Subnet', 'fd00:9::/121', 'invalid', /length of 48 to 120/),
  network('ipv6Subnet', '10.9.0.0/24', 'invalid', /is not an IPv6 prefix/),
  network('ipv6Subnet', 6, 'invalid', /bad request body: ipv6Subnet/),
  ['DELETE', 'networks/default:nope/', undefined, 'not-found', /network nope does not exist/],
  ['DELETE', 'networks/default:web/', undefined, 'in-use', /has 1 endpoint groups \(app\)/],

  ['POST', 'policys/default:a_b/', {}, 'invalid', /policy name "a_b" is invalid/],
  ['POST', 'policys/red:p/', {}, 'not-found', /tenant red does not exist/],
  ['POST', 'policys/p/', {}, 'invalid', /write it as TENANT:POLICY/],
  ['POST', 'policys/default:q/', { policyName: 'r' }, 'invalid', /make them agree/],
  ['DELETE', 'policys/default:nope/', undefined, 'not-found', /policy nope does not exist/],
  ['DELETE', 'policys/default:p/', undefined, 'in-use', /Policy is being used/],

  ['POST', 'rules/default:p/', {}, 'invalid', /write it as TENANT:POLICY:RULE/],
  ['POST', 'rules/default:nope:1/', {}, 'not-found', /policy nope does not exist/],
  ['POST', 'rules/default:p:a~b/', {}, 'invalid', /rule name "a~b" is invalid/],
  ['POST', 'rules/default:p:1/', { action: 'allow' }, 'conflict', /can not update a rule after its created/],
  rule('direction', 'sideways', 'invalid', /Unknown direction "sideways"/),
  rule('priority', 101, 'invalid', /priority 101 is invalid/),
  rule('priority', -1, 'invalid', /priority -1 is invalid/),
  rule('priority', 1.5, 'invalid', /priority 1.5 is invalid/),
  rule('priority', '1', 'invalid', /bad request body: priority/),
  rule('action', 'drop', 'invalid', /action "drop" is invalid/),
  rule('protocol', '256', 'invalid', /protocol "256" is invalid/),
  rule('protocol', 'ip', 'invalid', /protocol "ip" is invalid/),
  rule('port', 65536, 'invalid', /port 65536 is invalid/, { protocol: 'tcp' }),
  rule('port', 80, 'invalid', /needs a protocol that has ports/),
  rule('port', 80, 'invalid', /needs a protocol that has ports/, { protocol: 'icmp' }),
  rule('fromEndpointGroup', 'nope', 'not-found', /group nope does not exist/),
  rule('fromEndpointGroup', 'a_b', 'invalid', /group name "a_b" is invalid/),
  rule('fromEndpointGroup', 'app', 'invalid', /Cant specify from-group for outgoing rule/, { direction: 'out' }),
  rule('fromEndpointGroup', 'app', 'invalid', /Can't specify both from-group argument and -from-network: group app/, {
    fromNetwork: 'lan',
  }),
  rule('toEndpointGroup', 'app', 'invalid', /Cant specify to-group for incoming rule/),
  rule('toEndpointGroup', 'nope', 'not-found', /group nope does not exist/, { direction: 'out' }),
  rule('fromNetwork', 'nope', 'not-found', /network nope does not exist/),
  rule('fromNetwork', 'web', 'invalid', /Cant specify from-network for outgoing rule/, { direction: 'out' }),
  rule('toNetwork', 'web', 'invalid', /Cant specify to-network for incoming rule/),
  rule('toNetwork', 'nope', 'not-found', /network nope does not exist/, { direction: 'out' }),
  rule('fromIpAddress', '10.1.2.256', 'invalid', /is no IPv4 address/),
  rule('fromIpAddress', '10.1.2.9-10.1.2.3', 'invalid', /ends before it starts/),
  rule('fromIpAddress', '10.1.2.3', 'invalid', /Cant specify from-ip-address for outgoing/, { direction: 'out' }),
  rule('toIpAddress', '10.1.2.3/24', 'invalid', /has host bits set/),
  rule('toIpAddress', '10.1.2.0/0', 'invalid', /length of 1 to 32/),
  rule('color', 'red', 'invalid', /bad request body: .*color/),
  ['DELETE', 'rules/default:p:9/', undefined, 'not-found', /rule 9 does not exist in policy p/],
  ['DELETE', 'rules/default:p:1~ffff/', undefined, 'not-found', /rule 1~ffff does not exist/],

  ['POST', 'endpointGroups/default:new/', {}, 'invalid', /Network and group name required/],
  ['POST', 'endpointGroups/default:a_b/', { networkName: 'web' }, 'invalid', /group name "a_b" is invalid/],
  ['POST', 'endpointGroups/default:app/', { networkName: 'lan' }, 'conflict', /Cannot change network association/],
  ['POST', 'endpointGroups/red:g/', { networkName: 'web' }, 'not-found', /tenant red does not exist/],
  group('networkName', 'nope', 'not-found', /network nope does not exist/),
  group('groupName', 'other', 'invalid', /make them agree/),
  group('policies', ['nope'], 'not-found', /policy nope does not exist/),
  group('policies', 'p', 'invalid', /bad request body: policies/),
  group('netProfile', 'nope', 'not-found', /netprofile nope does not exist/),
  group('ipPool', '10.9.0.1-10.9.0.9', 'invalid', /not within the network's addresses/),
  group('ipPool', '10.1.2.0/28', 'invalid', /is a prefix/),
  group('cfgdTag', 'x', 'unsupported', /group tags are not supported/),
  group('extContractsGrps', ['x'], 'unsupported', /external contracts/),
  ['DELETE', 'endpointGroups/default:nope/', undefined, 'not-found', /group nope does not exist/],
  ['DELETE', 'endpointGroups/default:app/', undefined, 'in-use', /1 rules name it/],

  ['POST', 'netprofiles/default:a_b/', {}, 'invalid', /netprofile name "a_b" is invalid/],
  ['POST', 'netprofiles/default:x/', { bandwidth: '0mbps' }, 'invalid', /bandwidth "0mbps" is invalid/],
  ['POST', 'netprofiles/default:x/', { DSCP: 64 }, 'invalid', /DSCP 64 is invalid/],
  ['POST', 'netprofiles/default:x/', { burst: 1 }, 'invalid', /burst 1 is invalid/],
  ['POST', 'netprofiles/default:x/', { burst: '8' }, 'invalid', /bad request body: burst/],
  ['DELETE', 'netprofiles/default:nope/', undefined, 'not-found', /netprofile nope does not exist/],
  ['DELETE', 'netprofiles/default:gold/', undefined, 'in-use', /groups app have it/],

  ['POST', 'globals/other/', {}, 'not-found', /settings other do not exist/],
  ['DELETE', 'globals/global/', undefined, 'not-found', /is no path of this API/],
  global('networkInfraType', 'aci', 'unsupported', /fabric mode aci is not supported/),
  global('networkInfraType', 'x', 'invalid', /fabric mode "x" is invalid/),
  global('fwdMode', 'routing', 'unsupported', /forwarding mode routing is not supported/),
  global('arpMode', 'flood', 'unsupported', /ARP mode flood is not supported/),
  global('vlans', '0-10', 'invalid', /VLAN range "0-10" is invalid/),
  global('vlans', '200-300', 'in-use', /112 \(default:lan\)/),
  global('vxlans', '9-1', 'invalid', /VXLAN range "9-1" is invalid/),
  global('pvtSubnet', '10.0.0.0/16', 'unsupported', /no private subnet/),
  global('name', 'other', 'invalid', /make them agree/),

  why('nobody', 'app', 'tcp/80', 'not-found', /nobody is no container, no group of tenant default/),
  why('app', '1.2.3', 'tcp/80', 'not-found', /1\.2\.3 is no container/),
  why('1.2.3.4', '1.2.3.5', 'tcp/80', 'invalid', /neither 1\.2\.3\.4 nor 1\.2\.3\.5/),
  why('app', '10.1.2.255', 'tcp/80', 'invalid', /no address of one container/),
  why('app', 'app', 'tcp/0', 'invalid', /port "0" is invalid/),
  why('app', 'app', 'http', 'invalid', /protocol "http" is invalid/),
  why('app', 'app', 'tcp', 'not-found', /tenant red does not exist/, '&tenant=red'),
  why('app', 'app', 'tcp', 'invalid', /bad request body: .*color/, '&color=red'),
  why('', 'app', 'tcp', 'invalid', /bad request body: src/),
  ['GET', 'why?src=app', undefined, 'invalid', /bad request body: dst.*flow/],
  ['POST', 'why', {}, 'not-found', /is no path of this API/],
]

describe('api: good and bad input', function () {
  this.timeout(60_000)
  let peer: TestPeer
  let api: TestApi
  let loopback: Target
  const on = (target: Target, method: string, path: string, body?: unknown) =>
    call(target, method, `/api/v1/${path}`, body === undefined ? {} : { body })

  before(async () => {
    peer = await createTestPeer()
    api = await startTestApi({ deps: peer.deps, listen: { address: '127.0.0.1', port: 0 } })
    loopback = { host: '127.0.0.1', port: Number(api.api.httpAddress()?.split(':')[1]) }
    for (const [method, path, body] of prepared) {
      const answer = await on({ socketPath: api.socketPath }, method, path, body)
      assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    }
  })
  after(async () => {
    await api.stop()
    await peer.stop()
  })

  for (const name of ['socket', 'loopback port'] as const) {
    it(`refuses what is bad on the ${name}, and changes nothing`, async () => {
      const target = name === 'socket' ? { socketPath: api.socketPath } : loopback
      const digest = peer.registry.digest()
      for (const [method, path, body, code, text] of bad) {
        const said = `${method} ${path} ${JSON.stringify(body)}`
        const answer = await on(target, method, path, body)
        assert.match(answer.text, text, said)
        assert.equal(answer.text.split('\n').length, 2, said)
        assert.deepEqual([answer.headers['skein-code'], answer.status], [code, errorTable[code].status], said)
        assert.equal(peer.registry.digest(), digest, said)
      }
    })
  }

  it('takes what is good', async () => {
    for (const [method, path, body] of good) {
      const answer = await on(loopback, method, path, body)
      assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`)
    }
  })
})

/**
 * netctl in the form of the tutorial: what each verb prints, and where. What it takes at all is in contiv-commands.test.ts, what
 * it says in contiv-messages.test.ts.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { type CliPeer, startCliPeer } from './fixture.ts'

const info = (text: string) => `INFO[0000] ${text.padEnd(41)}\n`

/** Not of Contiv, but a profile that does nothing must not go unsaid. */
const recorded = (name: string) => `netprofile ${name} is recorded; this version does not apply it to traffic\n`

/** In this order: each on what those before it made. */
const steps: [line: string, stdout: string | RegExp, stderr?: string][] = [
  ['tenant create blue', '', info('Creating tenant: blue')],
  ['tenant ls', 'Name     \n------   \ndefault  \nblue     \n'],
  ['tenant list -quiet', 'default\nblue\n'],
  ['tenant ls --json', /^\[\n {2}\{\n {4}"key": "default",\n/],
  ['tenant inspect blue', /^\{\n {2}"Config": \{\n {4}"key": "blue",\n {4}"tenantName": "blue",/],
  ['tenant create green', '', info('Creating tenant: green')],
  ['tenant delete green', '', info('Deleting tenant green')],

  ['net create --subnet=10.1.2.0/24 contiv-net', ''],
  ['network create -t blue -subnet 10.1.2.0/24 contiv-net', ''],
  ['net create -tenant=blue --nw-type=data -encap=vxlan --pkt-tag 77 -s 10.1.4.0/24 tagged', ''],
  ['net create -n data -e vlan -p 112 -s 10.1.3.0/24 contiv-vlan', ''],
  [
    'net ls',
    'Tenant   Network      Nw Type  Encap type  Packet tag  Subnet       Gateway\n' +
      '------   -------      -------  ----------  ----------  -------      ------\n' +
      'default  contiv-net   data     vxlan       0           10.1.2.0/24  \n' +
      'default  contiv-vlan  data     vlan        112         10.1.3.0/24  \n',
  ],
  ['network list -t blue -q', 'contiv-net\ntagged\n'],
  ['net ls -a -q', 'contiv-net\ntagged\ncontiv-net\ncontiv-vlan\n'],
  ['net ls -all -json', /"key": "blue:contiv-net"[\s\S]*"key": "default:contiv-vlan"/],
  ['net inspect -t blue tagged', /"Oper": \{\n {4}"allocatedAddressesCount": 0,/],
  ['net delete -t blue tagged', '', info('Deleting network blue:tagged')],

  ['policy create db-policy', '', info('Creating policy default:db-policy')],
  ['policy create -t blue p', '', info('Creating policy blue:p')],
  ['policy ls', 'Tenant   Policy\n------   ------\ndefault  db-policy\n'],
  ['policy list -all', 'Tenant   Policy\n------   ------\nblue     p\ndefault  db-policy\n'],
  ['policy ls -a -q', 'p\ndb-policy\n'],
  ['policy ls -j', /^\[\n {2}\{\n {4}"key": "default:db-policy",\n {4}"policyName": "db-policy",/],
  ['policy inspect db-policy', /"Oper": \{\n {4}"endpoints": \[\],\n {4}"numEndpoints": 0/],
  ['policy delete -t blue p', '', info('Deleting policy blue:p')],

  ['netprofile create gold -b 10mbps -d 3 -s 100', '', info('Creating netprofile default:gold') + recorded('gold')],
  [
    'netprofile create silver --bandwidth 1gbps --dscp 5 --burst 8',
    '',
    info('Creating netprofile default:silver') + recorded('silver'),
  ],
  [
    'netprofile ls',
    'Name    Tenant   Bandwidth  DSCP      burst size\n' +
      '------  ------   ---------  --------  ----------\n' +
      'gold    default  10Mbps     3         100\n' +
      'silver  default  1Gbps      5         8\n',
  ],
  ['netprofile list -quiet', 'gold\nsilver\n'],
  ['netprofile list -a -j', /"key": "default:gold"/],
  ['netprofile inspect gold', /"bandwidth": "10Mbps"/],
  ['netprofile delete silver', '', info('Deleting netprofile default:silver')],

  ['group create contiv-net db -policy=db-policy', ''],
  ['group create contiv-net web -networkprofile gold --ip-pool 10.1.2.10-10.1.2.20', ''],
  ['group create -t blue contiv-net db', ''],
  [
    'group ls',
    'Tenant   Group  Network     Policies\n' +
      '------   -----  -------     --------\n' +
      'default  db     contiv-net  db-policy\n' +
      'default  web    contiv-net  \n',
  ],
  ['group list -a -q', 'db\ndb\nweb\n'],
  ['group ls -t blue -j', /"groupName": "db",\n {4}"networkName": "contiv-net",\n {4}"tenantName": "blue"/],
  ['group inspect web', /"availableIPAddresses": "10\.1\.2\.10-10\.1\.2\.20"/],
  ['group rm -t blue contiv-net db', ''],
  ['group create contiv-net temp', ''],
  ['group delete temp', ''],

  ['policy rule-add db-policy 1 -direction=in -protocol=tcp -action=deny', ''],
  ['policy rule-add db-policy 2 -direction=in -protocol=tcp -port=8888 -action=allow -priority=10', ''],
  ['policy rule-add db-policy 3 -d in -g web -l udp -P 53 -j deny -p 100', ''],
  ['policy rule-add db-policy 4 -d in -n contiv-net -l icmp -j allow', ''],
  ['policy rule-add db-policy 5 -i 10.1.2.3 -s 10.1.2.0/28', ''],
  ['policy rule-add db-policy 6 --from-ip-address 10.1.2.3-10.1.2.9 --protocol 255 --action allow', ''],
  ['policy rule-add db-policy 7 -direction out -to-group web --protocol=0', ''],
  ['policy rule-add db-policy 8 -d out -to-network=contiv-vlan', ''],
  ['policy rule-add db-policy 9 -d out -o contiv-net', ''],
  ['policy rule-add db-policy 10 -d out -e web -port 80 -protocol tcp', ''],
  ['policy rule-add db-policy 11 -direction=out -to-ip-address=192.0.2.0/24 -action=deny', ''],
  ['policy rule-add db-policy 12 --from-group=web --priority=2', ''],
  ['policy rule-add db-policy 13 --from-network contiv-vlan --priority 2', ''],
  [
    'policy rule-ls db-policy',
    [
      'Incoming Rules:',
      'Rule  Priority  From EndpointGroup  From Network  From IpAddress     Protocol  Port  Action',
      '----  --------  ------------------  ------------  ---------          --------  ----  ------',
      '1     1                                                              tcp       0     deny',
      '4     1                             contiv-net                       icmp      0     allow',
      '5     1                                           10.1.2.3                     0     allow',
      '6     1                                           10.1.2.3-10.1.2.9  255       0     allow',
      '12    2         web                                                            0     allow',
      '13    2                             contiv-vlan                                0     allow',
      '2     10                                                             tcp       8888  allow',
      '3     100       web                                                  udp       53    deny',
      'Outgoing Rules:',
      'Rule  Priority  To EndpointGroup  To Network   To IpAddress  Protocol  Port  Action',
      '----  --------  ----------------  ----------   ---------     --------  ----  ------',
      '7     1         web                                          0         0     allow',
      '8     1                           contiv-vlan                          0     allow',
      '9     1                           contiv-net                           0     allow',
      '10    1         web                                          tcp       80    allow',
      '11    1                                        192.0.2.0/24            0     deny',
      '',
    ].join('\n'),
  ],
  ['policy rule-list -quiet db-policy', '1\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n2\n3\n'],
  ['policy rule-ls -json db-policy', /^\[\n {2}\{\n {4}"key": "default:db-policy:1",\n {4}"action": "deny",/],
  ['policy rule-rm db-policy 13', ''],

  [
    'global info',
    'Fabric mode: default\nForward mode: bridge\nARP mode: proxy\nVlan Range: 1-4094\n' +
      'Vxlan range: 8388608-16777214\nPrivate subnet: 172.19.0.0/16\n',
  ],
  ['global info -t blue -a -j', /^\{\n {2}"key": "global",/],
  ['global set -vlan-range=100-200 --fabric-mode default', ''],
  ['global set -v 1-4094 -b bridge -a proxy -s 172.19.0.0/16', ''],
  ['global inspect', /"clusterMode": "docker",\n {4}"numNetworks": 3,\n {4}"vlansInUse": "112"/],

  // what there is already
  ['tenant create blue', '', info('Tenant exists already: blue')],
  ['net create -s 10.1.2.0/24 contiv-net', '', info('Network exists already: default:contiv-net')],
  ['policy create db-policy', '', info('Policy exists already: default:db-policy')],
  ['policy rule-add db-policy 12 -g web -p 2', '', info('Rule exists already: 12')],
]

describe('cli: netctl', function () {
  this.timeout(60_000)
  let host: CliPeer
  before(async () => {
    host = await startCliPeer()
  })
  after(() => host.stop())

  it('prints what the tutorial shows, and nothing else', async () => {
    for (const [line, stdout, stderr = ''] of steps) {
      const said = await host.netctl(...line.split(' '))
      assert.equal(said.stderr, stderr, line)
      if (typeof stdout === 'string') assert.equal(said.stdout, stdout, line)
      else assert.match(said.stdout, stdout, line)
      assert.equal(said.code, 0, line)
    }
  })
})

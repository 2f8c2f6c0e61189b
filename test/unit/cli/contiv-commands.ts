/**
 * Contiv's command line as its last version has it (netplugin 96577306: netctl/commands.go, netctl.go), and that of the tutorial's
 * time where it differs. `|` stands between the names of one word.
 */

/** @param flags `long,short` of a switch, `long,short=VALUE` of one with a value. @param given what the command cannot do without. */
export type ContivCommand = [words: string, given: string, flags: string]

const list = 'tenant,t=blue all,a json,j quiet,q'

export const commands: ContivCommand[] = [
  ['version', '', ''],
  ['tenant create', 'x', ''],
  ['tenant rm|delete', 'x', ''],
  ['tenant ls|list', '', 'quiet,q json,j'],
  ['tenant inspect', 'x', ''],
  [
    'network|net create',
    '-s 10.1.2.0/24 x',
    'tenant,t=blue nw-type,n=data encap,e=vlan pkt-tag,p=112 subnet,s=10.1.3.0/24 gateway,g=10.1.3.254 ' +
      'subnetv6,s6=fd00:6::/64 gatewayv6,g6=fd00:6::1 nw-tag,tag=x',
  ],
  ['network|net rm|delete', 'x', 'tenant,t=blue'],
  ['network|net ls|list', '', list],
  ['network|net inspect', 'x', 'tenant,t=blue'],
  [
    'group create',
    'net x',
    'tenant,t=blue policy,p=p,q networkprofile,n=gold external-contract,e=c ip-pool,r=10.1.2.1-10.1.2.9 epg-tag,tag=x',
  ],
  ['group rm|delete', 'x', 'tenant,t=blue'],
  ['group rm|delete', 'net x', 'tenant,t=blue'],
  ['group ls|list', '', list],
  ['group inspect', 'x', 'tenant,t=blue'],
  ['policy create', 'x', 'tenant,t=blue'],
  ['policy rm|delete', 'x', 'tenant,t=blue'],
  ['policy ls|list', '', list],
  ['policy inspect', 'x', 'tenant,t=blue'],
  ['policy rule-ls', 'x', 'tenant,t=blue json,j quiet,q'],
  ['policy rule-rm', 'x 1', 'tenant,t=blue'],
  [
    'policy rule-add',
    'x 1',
    'tenant,t=blue priority,p=9 direction,d=in from-group,g=a to-group,e=a from-network,n=a to-network,o=a ' +
      'from-ip-address,i=10.1.2.3 to-ip-address,s=10.1.2.3 protocol,l=tcp port,P=80 action,j=deny',
  ],
  ['endpoint|ep inspect', 'x', ''],
  ['netprofile create', 'x', 'tenant,t=blue bandwidth,b=10mbps dscp,d=3 burst,s=100'],
  ['netprofile rm|delete', 'x', 'tenant,t=blue'],
  ['netprofile ls|list', '', list],
  ['netprofile inspect', 'x', 'tenant,t=blue'],
  ['global info', '', 'tenant,t=blue all,a json,j'],
  ['global inspect', '', ''],
  [
    'global set',
    '-v 1-9',
    'fabric-mode,f=aci vlan-range,v=1-9 vxlan-range,x=1-9 fwd-mode,b=bridge arp-mode,a=flood private-subnet,s=172.19.0.0/16',
  ],
]

/** What is of ACI, of BGP, of old engines, or of Contiv's login: each is refused, and the text says why. */
export const refusedCommands: ContivCommand[] = [
  ['login', '', ''],
  ['external-contracts ls|list', '', list],
  ['external-contracts rm|delete', 'x', 'tenant,t=blue'],
  ['external-contracts create', 'x', 'tenant,t=blue consumed,c provided,p contract,a=c'],
  ['aci-gw info', '', 'tenant,t=blue all,a json,j'],
  ['aci-gw inspect', '', ''],
  [
    'aci-gw set',
    '',
    'path-bindings,p=x node-bindings,n=x phys-dom,d=x enforce-policies,e=yes include-common-tenant,i=no',
  ],
  ['bgp ls|list', '', 'json,j quiet,q'],
  ['bgp rm|delete', 'x', ''],
  ['bgp create', 'x', 'router-ip=10.1.1.1/24 as=65002 neighbor-as=65000 neighbor=10.1.1.2'],
  ['bgp inspect', 'x', ''],
  ['app-profile create', 'x', 'tenant,t=blue group,g=a,b'],
  ['app-profile create', 'net x', 'tenant,t=blue group,g=a,b'],
  ['app-profile update', 'x', 'tenant,t=blue group,g=a,b'],
  ['app-profile rm|delete', 'x', 'tenant,t=blue'],
  ['app-profile ls|list', '', list],
  ['app-profile group-ls|group-list', 'x', list],
  ['service ls|list', '', list],
  ['service inspect', 'x', 'tenant,t=blue'],
  ['service rm|delete', 'x', 'tenant,t=blue'],
  ['service create', 'x', 'tenant,t=blue network,s=n selector,l=a=b port,p=80:8080:tcp preferred-ip,ip=10.1.2.3'],
]

/** Values that Contiv takes and Skein has no use for. In this order, on a network `lan` with a group `web`. */
export const refusedValues: [line: string, why: RegExp][] = [
  ['net create -s 10.1.9.0/24 -n infra x', /infra networks are not supported, hosts have no address on a network: /],
  ['net create -s 10.1.9.0/24 --nw-tag x x', /network tags are not supported, docker network create names /],
  ['group create lan x --epg-tag x', /group tags are not supported, docker network create names the group itself /],
  ['group create lan x -e contracts', /external contracts are of ACI alone/],
  ['global set -fabric-mode=aci', /fabric mode aci is not supported/],
  ['global set -fabric-mode=aci-opflex', /fabric mode aci-opflex is not supported/],
  ['global set -fwd-mode=routing', /forwarding mode routing is not supported/],
  ['global set -arp-mode=flood', /ARP mode flood is not supported/],
  ['global set -private-subnet=10.0.0.0/16', /no private subnet/],
]

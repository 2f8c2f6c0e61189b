/**
 * The JSON of the management API: what the server sends and the CLI reads, and the names of its headers. Contiv's
 * objects have Contiv's field names and leave out what is empty; the others are ours. Errors are one line of text/plain
 * with `Skein-Code`.
 */

import type { GroupObject, Link, LinkSets, NetProfileObject, PolicyObject } from './object-types.ts'
import type { NetworkOper, TenantOper } from './oper-types.ts'

export type * from './object-types.ts'
export type * from './oper-types.ts'
export type * from './peer-types.ts'
export type * from './why-types.ts'

/** Response header of a write: `writer/counter` of its last leaf; absent when nothing had to be written. */
export const dotHeader = 'skein-dot'
/** Response header of an error: its code in the error table. */
export const codeHeader = 'skein-code'
/** Response header `true` of a creation that found an equal object. */
export const existedHeader = 'skein-existed'

/** Request header: name or key of the member whose API is meant; the one that is asked passes the request on. */
export const hostHeader = 'skein-host'

export interface VersionJson {
  GitCommit: string
  Version: string
  BuildTime: string
}

/** Contiv's. */
export interface InfoJson {
  'local-ip': string
  'leader-ip': string
  'current-state': 'leader'
  'netplugin-nodes': string[]
  'netmaster-nodes': string[]
}

export interface TenantJson {
  key: string
  tenantName: string
  'link-sets': LinkSets
}

export interface NetworkJson {
  /** `tenant:network`. */
  key: string
  encap: string
  gateway?: string
  ipv6Gateway?: string
  ipv6Subnet?: string
  networkName: string
  nwType: string
  /** The configured tag; absent when Skein chooses. */
  pktTag?: number
  subnet: string
  tenantName: string
  'link-sets': LinkSets
  links: { Tenant: Link }
  /** Of a network that was born by `docker network create`. */
  docker?: DockerJson
}

/** What every host's Docker network of it carries. */
export interface DockerJson {
  labels: Record<string, string>
  options: Record<string, string>
  internal: boolean
}

/** Answer to a creation. */
export type Created<T> = T & { existed: boolean }

/** Answer to a rename: the network's key now. `existed`: it bore the name already. */
export interface RenamedJson {
  key: string
  existed: boolean
}

/** Answer to a drain: where its containers go, '' for nowhere, and how many are left. `existed`: it was so already. */
export interface DrainJson {
  key: string
  into: string
  endpoints: number
  existed: boolean
}

/** Answer to a deletion. */
export interface Deleted {
  key: string
}

export interface EndpointJson {
  containerID: string
  containerName: string
  /** `tenant:group`; absent without a group. */
  endpointGroupKey?: string
  endpointID: string
  /** Name of the member that runs it. */
  homingHost: string
  /** IPv4 and IPv6 address; the latter '' in a network without an IPv6 subnet. */
  ipAddress: [string, string]
  labels: string
  macAddress: string
  /** `network.tenant`. */
  network: string
  /** Name of its group, under which its members are found; '' without. */
  serviceName: string
  vtepIP: string
}

export interface ListedEndpointJson extends EndpointJson {
  tenantName: string
  networkName: string
}

export interface EndpointInspect {
  Oper: ListedEndpointJson
}

/** What one owner may hand out of a network. */
export interface OwnerJson {
  /** Name of the member. */
  owner: string
  key: string
  state: 'self' | 'in reach' | 'out of reach'
  /** How many addresses it may hand out, used or not. */
  addresses: number
  /** Of those, how many an endpoint holds. */
  used: number
  free: number
  /** Which they are, `10.1.1.1-10.1.1.31, 10.1.1.64`; absent unless asked for. */
  ranges?: string
}

export interface AddressesJson {
  tenantName: string
  networkName: string
  subnet: string
  owners: OwnerJson[]
  /** Handed out by their owner only to who asks for them by name. */
  reserved: { address: string; owner: string }[]
  /** Nobody may hand these out: their block was given away twice. */
  quarantined: { addresses: number; ranges: string }
}

/** Answer to `reserve` and `release`: whose address it is. `existed`: nothing had to be done. */
export interface ReservedJson {
  address: string
  owner: string
  existed: boolean
}

/** Objects as users write them; what is left out has its default. */
export interface ObjectsJson {
  tenants?: { name: string }[]
  networks?: NetworkObject[]
  policies?: PolicyObject[]
  netprofiles?: NetProfileObject[]
  groups?: GroupObject[]
}

export interface NetworkObject {
  tenant?: string
  name: string
  subnet: string
  encap?: string
  type?: string
  pktTag?: number
  gateway?: string
  subnet6?: string
  gateway6?: string
  /** Also allows the wider names that Docker allows. */
  docker?: Partial<DockerJson>
}

export interface ApplyRequest extends ObjectsJson {
  /** Only tell what would be done. @default false */
  dryRun?: boolean
}

export interface AppliedJson {
  kind: 'tenant' | 'network' | 'netprofile' | 'group' | 'policy' | 'rule'
  /** `blue`, `blue:web`, or `blue:policy:5`. */
  key: string
  /** `changed`: it was there with other policies, profile or values that can change. */
  outcome: 'created' | 'changed' | 'exists' | 'refused'
  /** Why it was refused: code and line of the error table. */
  error?: { code: string; text: string }
}

/** One per object, in the order in which they were tried: tenants, networks, profiles, policies, groups, then rules. */
export interface ApplyJson {
  results: AppliedJson[]
}

export interface TenantInspect {
  Config: TenantJson
  Oper: TenantOper
}

export interface NetworkInspect {
  Config: NetworkJson
  Oper: NetworkOper
}

export interface CountedJson {
  packets: number
  bytes: number
}

/** What the rules of a policy counted, by rule as it is shown; of a rule that counted nothing there is nothing. */
export interface RuleCountersJson {
  hosts: { name: string; rules: Record<string, CountedJson> }[]
  /** Members that did not answer. */
  missing: { name: string; reason: string }[]
}

/** Which members have a write; names. */
export interface WriteJson {
  have: string[]
  /** Connected, but without it. */
  missing: string[]
  unreachable: string[]
}

export interface ConditionJson {
  /** `mesh` is the same on every peer, `host` concerns this one. */
  scope: 'mesh' | 'host'
  kind: string
  /** The cause, one line. */
  text: string
  remedy: string
  /** Commands of the remedy, each of which resolves it as it stands. */
  commands: string[]
  /** Ids of what it is about. */
  objects: string[]
  /** ISO 8601: the HLC of its cause, or when this host found it; '' if unknown. */
  since: string
  /** Name of the host whose condition it is; '' for one of the mesh. */
  host: string
}

export interface MemberStatusJson {
  name: string
  key: string
  settled: boolean
  connected: boolean
  /** At the last comparison it or this peer lacked something, or there was none yet. */
  behind: boolean
  /** Since the last comparison; absent if there was none. */
  syncedMsAgo?: number
}

export interface StatusJson {
  self: { name: string; key: string; settled: boolean; waitingFor: string[] }
  meshId: string
  version: string
  members: MemberStatusJson[]
  digest: string
  /** Live records. */
  records: number
  /** Live networks. */
  networks: number
  /** Deleted networks that an endpoint still keeps, as `tenant:name`. */
  draining: string[]
  /** Members out of reach that keep deleted and superseded records from going, and for how long nothing was heard of them. */
  collectionWaitsFor: { name: string; key: string; forMs?: number }[]
  conditions: ConditionJson[]
  docker: { reachable: boolean; error: string }
  datapath: {
    /** Differences from the kernel that were put right since the start. */
    repaired: number
    errors: string[]
    /** Members that do not answer VXLAN frames, and for how long. */
    unreachable: { name: string; key: string; forMs: number }[]
  }
}

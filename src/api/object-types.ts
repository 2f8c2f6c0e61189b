/** The JSON of groups, policies, rules, profiles and settings: Contiv's field names; what is empty is left out. Part of `types.ts`. */

export interface Link {
  type: string
  key: string
}

export type LinkSets = Record<string, Record<string, Link>>

export interface GroupJson {
  /** `tenant:group`. */
  key: string
  groupName: string
  ipPool?: string
  netProfile?: string
  networkName: string
  policies?: string[]
  tenantName: string
  'link-sets': LinkSets
  links: Record<string, Link>
}

export interface PolicyJson {
  /** `tenant:policy`. */
  key: string
  policyName: string
  tenantName: string
  'link-sets': LinkSets
  links: Record<string, Link>
}

export interface RuleJson {
  /** `tenant:policy:rule`. */
  key: string
  action: string
  direction: string
  fromEndpointGroup?: string
  fromIpAddress?: string
  fromNetwork?: string
  policyName: string
  port?: number
  priority: number
  protocol?: string
  /** `5`, or `5~1a2b` for the later of two values under one id. */
  ruleId: string
  tenantName: string
  toEndpointGroup?: string
  toIpAddress?: string
  toNetwork?: string
  'link-sets': LinkSets
  links: Record<string, Link>
}

export interface NetProfileJson {
  /** `tenant:profile`. */
  key: string
  DSCP?: number
  bandwidth?: string
  burst?: number
  profileName: string
  tenantName: string
  'link-sets': LinkSets
  links: Record<string, Link>
}

export interface GlobalJson {
  key: string
  arpMode: string
  fwdMode: string
  name: string
  networkInfraType: string
  pvtSubnet: string
  vlans: string
  vxlans: string
}

/** One event of a policy's history. */
export interface PolicyEventJson {
  /** Names it for `policy restore`. */
  version: string
  /** When it was written, by its writer's clock: ISO 8601. */
  at: string
  /** Name of the member that wrote it. */
  by: string
  what: string
  /** Of a rule that was written: in effect, or what took it away. */
  state: string
}

export interface RestoreRequest {
  version: string
}

/** Answer to a restoration. */
export interface RestoredJson {
  /** Ids as they are shown. */
  added: string[]
  removed: string[]
}

/** As `export` prints them and `apply` takes them. */
export interface GroupObject {
  tenant?: string
  name: string
  network: string
  pool?: string
  policies?: string[]
  profile?: string
}

export interface PolicyObject {
  tenant?: string
  name: string
  rules?: RuleObject[]
}

export interface RuleObject {
  id: string
  direction?: string
  priority?: number
  fromGroup?: string
  toGroup?: string
  fromNetwork?: string
  toNetwork?: string
  fromIp?: string
  toIp?: string
  protocol?: string
  port?: number
  action?: string
}

export interface NetProfileObject {
  tenant?: string
  name: string
  bandwidth?: string
  dscp?: number
  burst?: number
}

/** The JSON of `skein why`. Part of `types.ts`. */

export interface WhyJson {
  src: string
  dst: string
  tenantName: string
  /** `tcp`, `udp`, `icmp` or a number. */
  protocol: string
  /** 0 when all ports are asked about. */
  port: number
  /** `partly`: some members, addresses or ports; the cases say which. */
  passes: 'yes' | 'no' | 'partly'
  /** Several when containers share several networks. */
  ways: WhyWayJson[]
}

export interface WhyWayJson {
  src: WhyEndJson
  dst: WhyEndJson
  way: 'self' | 'network' | 'gateway' | 'routed' | 'router' | 'out' | 'published' | 'none'
  /** The way in words, or why there is none. */
  text: string
  /** The first that fits a packet decides. Empty without a way. */
  cases: WhyCaseJson[]
  /** Names of the hosts that decide: the sender's; for what comes from outside the receiver's. */
  decidedOn: string[]
  /** Names of the hosts that judge it once more, alike. */
  judgedOn: string[]
  /** What turns the answer round; absent if nothing does. */
  change?: WhyChangeJson
  /** What makes the answer less certain: a host out of reach, or to be removed. */
  notes: string[]
}

export interface WhyEndJson {
  kind: 'container' | 'group' | 'unused' | 'outside'
  tenantName: string
  networkName?: string
  groupName?: string
  containerName?: string
  containerID?: string
  ipAddress?: string
  homingHost?: string
  /** Of a group: how many containers it has. */
  members?: number
}

export interface WhyCaseJson {
  passes: boolean
  /** Absent when no rule matches: what no rule denies passes. */
  rule?: WhyRuleJson
}

export interface WhyRuleJson {
  /** `tenant:policy:rule`. */
  key: string
  policyName: string
  ruleId: string
  priority: number
  /** Of the receiver's group (`in`) or the sender's (`out`). */
  direction: 'in' | 'out'
  /** The group that has the policy. */
  groupName: string
  /** `deny in tcp 80 priority 1`. */
  text: string
}

export interface WhyChangeJson {
  /** What all of it does afterwards. */
  passes: boolean
  /** To be typed in this order, as they stand. */
  commands: string[]
  /** What else there is to do or to know; ''. */
  remedy: string
}

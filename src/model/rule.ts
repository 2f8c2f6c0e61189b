/**
 * A rule of a policy: an immutable value. Its canonical form decides its identity, so equal meanings have one text:
 * protocols by name, addresses as `parseAddressMatch` writes them.
 */
import type { Plain } from '../lib/cbor.ts'
import { SkeinError } from '../lib/errors.ts'
import { familyOf, parseAddressMatch } from './address-match.ts'
import { checkName, isName } from './names.ts'

/** Every field that is '' (or port 0) matches anything; what is given must match together. */
export interface RuleValue {
  /** `in`: towards the members of the policy's groups; `out`: from them. */
  readonly direction: 'in' | 'out'
  /** 1 to 100; the higher wins. */
  readonly priority: number
  readonly fromGroup: string
  readonly toGroup: string
  readonly fromNetwork: string
  readonly toNetwork: string
  /** Canonical text of `parseAddressMatch`; both of one family. */
  readonly fromIp: string
  readonly toIp: string
  /** `tcp`, `udp`, `icmp` (of the flow's family: ICMPv6 in IPv6), another protocol as a number, or ''. */
  readonly protocol: string
  /** Destination port, with tcp or udp; 0 for any. */
  readonly port: number
  readonly action: 'allow' | 'deny'
}

/** A rule as it is asked for. */
export interface RuleRequest {
  direction?: string | undefined
  priority?: number | undefined
  fromGroup?: string | undefined
  toGroup?: string | undefined
  fromNetwork?: string | undefined
  toNetwork?: string | undefined
  fromIp?: string | undefined
  toIp?: string | undefined
  protocol?: string | undefined
  port?: number | undefined
  action?: string | undefined
}

/** The names of the flags and the texts about them; `group` and `network` cannot be said of the own side of a rule. */
const sides = {
  in: { word: 'incoming', own: 'to', fields: ['toGroup', 'toNetwork'] },
  out: { word: 'outgoing', own: 'from', fields: ['fromGroup', 'fromNetwork', 'fromIp'] },
} as const
const flags = {
  fromGroup: 'from-group',
  toGroup: 'to-group',
  fromNetwork: 'from-network',
  toNetwork: 'to-network',
  fromIp: 'from-ip-address',
  toIp: 'to-ip-address',
} as const

/** Checks a request and gives the canonical value; whether groups and networks exist is another's question. Throws `invalid`. */
export function checkRule(request: RuleRequest): RuleValue {
  const { direction = 'in', priority = 1, port = 0, action = 'allow' } = request
  if (direction !== 'in' && direction !== 'out') {
    throw new SkeinError('invalid', `Unknown direction ${JSON.stringify(direction)}: use --direction=in or out`)
  }
  if (!Number.isInteger(priority) || priority < 1 || priority > 100) {
    throw new SkeinError('invalid', `priority ${priority} is invalid: use 1 to 100; the higher wins`)
  }
  if (action !== 'allow' && action !== 'deny') {
    throw new SkeinError('invalid', `action ${JSON.stringify(action)} is invalid: use allow or deny`)
  }
  const { word, fields } = sides[direction]
  const wrong = fields.find(field => request[field])
  if (wrong) {
    throw new SkeinError(
      'invalid',
      `Cant specify ${flags[wrong]} for ${word} rule: its ${sides[direction].own} side is the group that has the policy`,
    )
  }
  const protocol = checkProtocol(request.protocol ?? '')
  checkPort(port, protocol)
  return {
    direction,
    priority,
    fromGroup: checkOptional('group', request.fromGroup),
    toGroup: checkOptional('group', request.toGroup),
    fromNetwork: checkOptional('network', request.fromNetwork),
    toNetwork: checkOptional('network', request.toNetwork),
    ...checkAddresses(request),
    protocol,
    port,
    action,
  }
}

/** Throws `invalid` unless the text can be the id of a rule. */
export function checkRuleId(id: string): void {
  checkName('rule', id)
}

/**
 * The order of ids: numbers, by value, before all others, by text. (Comparing as numbers only where both are would be no
 * order: 9 before 10, 10 before 1a, 1a before 9.)
 */
export function compareRuleIds(a: string, b: string): number {
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== right) return left < right ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** Infinity if it is none. Thousands of rules are sorted at each change of one: no regular expression. */
function numberOf(id: string): number {
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at)
    if (code < 48 || code > 57) return Number.POSITIVE_INFINITY
  }
  return id === '' ? Number.POSITIVE_INFINITY : Number(id)
}

function checkAddresses({ fromIp, toIp }: RuleRequest): Pick<RuleValue, 'fromIp' | 'toIp'> {
  const from = fromIp ? parseAddressMatch(flags.fromIp, fromIp) : undefined
  const to = toIp ? parseAddressMatch(flags.toIp, toIp) : undefined
  if (from && to && familyOf(from.first) !== familyOf(to.first)) {
    throw new SkeinError(
      'invalid',
      `${flags.fromIp} ${from.text} and ${flags.toIp} ${to.text} fit no packet together: give both as IPv4 or both as IPv6, in two rules if need be`,
    )
  }
  return { fromIp: from?.text ?? '', toIp: to?.text ?? '' }
}

function checkOptional(what: string, name: string | undefined): string {
  if (!name) return ''
  checkName(what, name)
  return name
}

/** ICMP's number in the IPv4 header, and that of its namesake in IPv6. */
export const icmp = 1
export const icmp6 = 58

const numbers: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp' }

/** The canonical form of a protocol: a name, a number, or '' for any. Throws `invalid`. */
export function checkProtocol(text: string): string {
  const lower = text.toLowerCase()
  if (lower === '' || lower === 'tcp' || lower === 'udp' || lower === 'icmp') return lower
  // Contiv took 300 for any protocol: a deny of it would have denied everything
  if (!/^\d{1,3}$/.test(lower) || Number(lower) > 255) {
    throw new SkeinError(
      'invalid',
      `protocol ${JSON.stringify(text)} is invalid: use tcp, udp, icmp or a number from 0 to 255; leave it out for any`,
    )
  }
  const canonical = String(Number(lower))
  return numbers[canonical] ?? canonical
}

/** The number of a rule's canonical protocol in the IPv4 header; undefined for any. In IPv6 `icmp` is `icmp6`. */
export function protocolNumber(protocol: string): number | undefined {
  if (protocol === '') return undefined
  return Number(Object.keys(numbers).find(number => numbers[number] === protocol) ?? protocol)
}

function checkPort(port: number, protocol: string): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SkeinError('invalid', `port ${port} is invalid: use 1 to 65535, or 0 for any`)
  }
  if (port !== 0 && protocol !== 'tcp' && protocol !== 'udp') {
    throw new SkeinError(
      'invalid',
      `port ${port} needs a protocol that has ports: add --protocol=tcp or --protocol=udp`,
    )
  }
}

/** The canonical form that is hashed, signed and compared. */
export function ruleToPlain(value: RuleValue): Plain[] {
  const { direction, priority, fromGroup, toGroup, fromNetwork, toNetwork, fromIp, toIp, protocol, port, action } =
    value
  return [direction, priority, fromGroup, toGroup, fromNetwork, toNetwork, fromIp, toIp, protocol, port, action]
}

/** The inverse; undefined if it is not what `checkRule` could have made. */
export function ruleFromPlain(value: Plain | undefined): RuleValue | undefined {
  if (!Array.isArray(value) || value.length !== 11) return undefined
  const [direction, priority, fromGroup, toGroup, fromNetwork, toNetwork, fromIp, toIp, protocol, port, action] = value
  if ((direction !== 'in' && direction !== 'out') || (action !== 'allow' && action !== 'deny')) return undefined
  if (typeof priority !== 'number' || typeof port !== 'number') return undefined
  const names = [fromGroup, toGroup, fromNetwork, toNetwork].map(item => (isOptionalName(item) ? item : undefined))
  const [a, b, c, d] = names
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined
  if (typeof fromIp !== 'string' || typeof toIp !== 'string' || typeof protocol !== 'string') return undefined
  const rule: RuleValue = {
    ...{ direction, priority, fromGroup: a, toGroup: b, fromNetwork: c, toNetwork: d },
    ...{ fromIp, toIp, protocol, port, action },
  }
  try {
    // one meaning, one form: else a value could have two hashes
    return sameRule(checkRule(rule), rule) ? rule : undefined
  } catch {
    return undefined // nothing that can be enforced: the record takes no effect
  }
}

function isOptionalName(item: Plain | undefined): item is string {
  return typeof item === 'string' && (item === '' || isName(item))
}

export function sameRule(a: RuleValue, b: RuleValue): boolean {
  return JSON.stringify(ruleToPlain(a)) === JSON.stringify(ruleToPlain(b))
}

/** `deny tcp 22 from group web`: for people. */
export function ruleText(rule: RuleValue): string {
  const side = (group: string, network: string, ip: string) =>
    [group && `group ${group}`, network && `network ${network}`, ip].filter(text => text !== '').join(' and ')
  const from = side(rule.fromGroup, rule.fromNetwork, rule.fromIp)
  const to = side(rule.toGroup, rule.toNetwork, rule.toIp)
  return [
    `${rule.action} ${rule.direction}`,
    rule.protocol || 'any protocol',
    rule.port === 0 ? '' : String(rule.port),
    from && `from ${from}`,
    to && `to ${to}`,
    `priority ${rule.priority}`,
  ]
    .filter(text => text !== '')
    .join(' ')
}

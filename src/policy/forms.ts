/** Pure: what a rule says, in the kernel's words: a form for each group and network that its names can mean. */
import type { Family } from '../model/address-match.ts'
import type { GroupId } from '../model/group.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkId, NetworkSpec } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import type { PolicyBook } from './book.ts'
import { type BookRule, protocolIn, speaksOf } from './book-rule.ts'
import { ends, rangeText, type Terms, termsOf } from './rule-chains.ts'

/** What a rule matches, of the senders or receivers of one group if it names one. */
export interface Form extends Terms {
  readonly group: GroupId | ''
}

interface Known extends Pick<PolicyBook, 'groups' | 'networks'> {
  readonly zones: string
  readonly forms: readonly Form[]
}

/** The forms of each rule as they were last: most changes are of other rules. */
const made: Readonly<Record<Family, WeakMap<BookRule, Known>>> = { 4: new WeakMap(), 6: new WeakMap() }

/** Of any rule, for flows of that family. @param zones of the networks that have a bridge here */
export function formsFor(
  book: PolicyBook,
  zones: ReadonlyMap<NetworkId, number>,
  family: Family,
): (rule: BookRule) => readonly Form[] {
  const { groups, networks } = book
  const text = [...zones].flat().join()
  return rule => {
    const known = made[family].get(rule)
    if (known?.groups === groups && known.networks === networks && known.zones === text) return known.forms
    const forms = formsOf(book, zones, rule, family)
    made[family].set(rule, { groups, networks, zones: text, forms })
    return forms
  }
}

/** A rule in each of the forms that its names can mean; none if they mean nobody who could be met here. */
function formsOf(book: PolicyBook, zones: ReadonlyMap<NetworkId, number>, rule: BookRule, family: Family): Form[] {
  if (!speaksOf(rule, family)) return []
  const { value, from, to } = rule
  const isIn = value.direction === 'in'
  const peer = ends[family][value.direction]
  const groupName = isIn ? value.fromGroup : value.toGroup
  const networkName = isIn ? value.fromNetwork : value.toNetwork
  const groups = groupName === '' ? ([''] as const) : book.groupsNamed(groupName, value.action)
  const networks = networkName === '' ? [''] : book.networksNamed(networkName, value.action)
  const own = isIn ? to : from
  const ownText = own && `${ends[family][isIn ? 'out' : 'in']} ${rangeText(own)}`
  return groups.flatMap(group =>
    networks.flatMap((network): Form[] => {
      const zone = zones.get(network)
      const prefix = network === '' ? '' : prefixIn(book.network(network)?.spec, family)
      if (network !== '' && (zone === undefined || prefix === undefined)) return []
      const parts = [...(prefix ? [`ct zone ${zone} ${peer} ${prefix}`] : []), ...(ownText ? [ownText] : [])]
      const match = {
        conditions: parts.join(' '),
        peer: isIn ? from : to,
        protocol: protocolIn(rule, family),
        port: value.port,
      }
      return [{ group, ...termsOf(match, peer) }]
    }),
  )
}

/** Undefined if the network has no addresses of the family: nothing of it comes from there. */
function prefixIn(spec: NetworkSpec | undefined, family: Family): string | undefined {
  if (!spec) return undefined
  return family === 4 ? prefixText(spec.subnet) : subnet6Of(spec)?.text
}

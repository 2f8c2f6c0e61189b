/** Pure: what a rule says, in the kernel's words: a form for each group and network that its names can mean. */
import type { Family } from '../model/address-match.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkSpec } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import type { PolicyBook } from './book.ts'
import { type BookRule, protocolIn, speaksOf } from './book-rule.ts'
import type { Form } from './rule-index.ts'
import type { Scope } from './scope.ts'
import { ends, rangeText, termsOf } from './terms.ts'

/**
 * A rule in each of the forms that its names can mean, for flows of that family; none if they mean nobody who could be met here. The part is the
 * group that it names, '' if it names none.
 */
export function formsOf(book: PolicyBook, { zones, here }: Scope, rule: BookRule, family: Family): Form[] {
  if (!speaksOf(rule, family)) return []
  const { value, from, to } = rule
  const isIn = value.direction === 'in'
  const peer = ends[family][value.direction]
  const groupName = isIn ? value.fromGroup : value.toGroup
  const networkName = isIn ? value.fromNetwork : value.toNetwork
  const named = groupName === '' ? [''] : book.groupsNamed(groupName, value.action)
  const networks = networkName === '' ? [''] : book.networksNamed(networkName, value.action)
  const own = isIn ? to : from
  const ownText = own && `${ends[family][isIn ? 'out' : 'in']} ${rangeText(own)}`
  const met = named.filter(group => group === '' || here[family].has(group)) // none of its networks is here: nothing comes from there
  return met.flatMap(group =>
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
      return [{ part: group, ...termsOf(match, peer) }]
    }),
  )
}

/** Whether its forms depend on what is on the host. */
export function namesOthers({ value, direction }: BookRule): boolean {
  const { fromGroup, fromNetwork, toGroup, toNetwork } = value
  return (direction === 'in' ? [fromGroup, fromNetwork] : [toGroup, toNetwork]).some(name => name !== '')
}

/** Undefined if the network has no addresses of the family: nothing of it comes from there. */
function prefixIn(spec: NetworkSpec | undefined, family: Family): string | undefined {
  if (!spec) return undefined
  return family === 4 ? prefixText(spec.subnet) : subnet6Of(spec)?.text
}

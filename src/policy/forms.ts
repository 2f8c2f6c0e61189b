/** Pure: what a rule says, in the kernel's words: a form for each group and network that its names can mean. */
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import type { Direction, PolicyBook } from './book.ts'
import type { BookRule } from './book-rule.ts'
import { type PeerWords, rangeText, type Terms, termsOf } from './rule-chains.ts'

/** Each end of a flow in the tuple of its connection; the reply's source is whom it really reached. */
export const ends = { in: 'ct original ip saddr', out: 'ct reply ip saddr' } as const satisfies Record<
  Direction,
  PeerWords
>

/** What a rule matches, of the senders or receivers of one group if it names one. */
export interface Form extends Terms {
  readonly group: GroupId | ''
}

export function byGroup<F extends Form>(forms: readonly F[]): Map<GroupId, F[]> {
  const found = new Map<GroupId, F[]>()
  for (const form of forms) {
    if (form.group === '') continue
    const its = found.get(form.group)
    if (its) its.push(form)
    else found.set(form.group, [form])
  }
  return found
}

interface Known extends Pick<PolicyBook, 'groups' | 'networks'> {
  readonly zones: string
  readonly forms: readonly Form[]
}

/** The forms of each rule as they were last: most changes are of other rules. */
const made = new WeakMap<BookRule, Known>()

export function formsFor(book: PolicyBook, zones: ReadonlyMap<NetworkId, number>, rule: BookRule): readonly Form[] {
  const known = made.get(rule)
  const { groups, networks } = book
  const text = zonesText(zones)
  if (known?.groups === groups && known.networks === networks && known.zones === text) return known.forms
  const forms = formsOf(book, zones, rule)
  made.set(rule, { groups, networks, zones: text, forms })
  return forms
}

const texts = new WeakMap<ReadonlyMap<NetworkId, number>, string>()

function zonesText(zones: ReadonlyMap<NetworkId, number>): string {
  const text = texts.get(zones) ?? [...zones].flat().join()
  texts.set(zones, text)
  return text
}

/** A rule in each of the forms that its names can mean; none if they mean nobody who could be met here. */
function formsOf(book: PolicyBook, zones: ReadonlyMap<NetworkId, number>, rule: BookRule): Form[] {
  const { value, from, to, protocol } = rule
  const isIn = value.direction === 'in'
  const peer = ends[value.direction]
  const groupName = isIn ? value.fromGroup : value.toGroup
  const networkName = isIn ? value.fromNetwork : value.toNetwork
  const groups = groupName === '' ? ([''] as const) : book.groupsNamed(groupName, value.action)
  const networks = networkName === '' ? [''] : book.networksNamed(networkName, value.action)
  const own = isIn ? to : from
  const ownText = own && `${isIn ? ends.out : ends.in} ${rangeText(own)}`
  return groups.flatMap(group =>
    networks.flatMap((network): Form[] => {
      const zone = zones.get(network)
      const spec = book.network(network)?.spec
      if (network !== '' && (zone === undefined || !spec)) return []
      const parts = [
        ...(spec ? [`ct zone ${zone} ${peer} ${prefixText(spec.subnet)}`] : []),
        ...(ownText ? [ownText] : []),
      ]
      const match = { conditions: parts.join(' '), peer: isIn ? from : to, protocol, port: value.port }
      return [{ group, ...termsOf(match, peer) }]
    }),
  )
}

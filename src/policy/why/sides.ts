/** Pure: which flows a question is about, seen from one end. */
import { poolRange } from '../../model/group.ts'
import type { PolicyBook } from '../book.ts'
import { ownAddress } from '../own-address.ts'
import type { Side } from './cases.ts'
import { groupOf } from './change.ts'
import type { End, GroupEnd } from './ends.ts'
import type { HostFacts } from './way.ts'

/** The end as rules meet it: its addresses, network and group. */
export function sideOf(view: HostFacts['view'], book: PolicyBook, end: End): Side {
  if (end.kind === 'outside') return { ips: [end.ip, end.ip], network: undefined, group: undefined }
  const network = end.network.id
  if (end.kind === 'unused') return { ips: [end.ip, end.ip], network, group: undefined }
  if (end.kind === 'container') return { ips: [end.ip, end.ip], network, group: groupOf(book, end)?.id }
  return { ips: addressesOf(view, end), network, group: end.group.id }
}

/** Its pool; the network's addresses without one, or when a member is outside. */
function addressesOf(view: HostFacts['view'], end: GroupEnd): Side['ips'] {
  const [first, last] = addresses4Of(view, end)
  if (end.family === 4) return [first, last]
  const { spec } = end.network
  const { subnet } = spec
  // records may say any pool
  return [ownAddress(spec, Math.max(first, subnet.first), 6), ownAddress(spec, Math.min(last, subnet.last), 6)]
}

function addresses4Of(view: HostFacts['view'], { group, network }: GroupEnd): [first: number, last: number] {
  const { first, last } = network.spec.subnet
  const pool = poolRange(group.pool)
  const isOutside = ({ ip }: { ip: number }) => pool !== undefined && (ip < pool.first || ip > pool.last)
  if (!pool || membersOf(view, { group, network }).some(isOutside)) return [first, last]
  return [pool.first, pool.last]
}

/** Endpoints in the group. */
export function membersOf(view: HostFacts['view'], { group, network }: Pick<GroupEnd, 'group' | 'network'>) {
  return view.endpoints(network.id).filter(endpoint => endpoint.group === group.id)
}

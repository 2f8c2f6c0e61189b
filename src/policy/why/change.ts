/** Pure: the commands after which the answer is the other one. */
import { argument, ruleAddCommand, ruleRmCommand, tenantFlag } from '../../crdt/object-commands.ts'
import type { Group } from '../../crdt/objects-view.ts'
import type { RegistryView } from '../../crdt/registry-view.ts'
import { formatAddress } from '../../model/address-match.ts'
import type { FlowKind } from '../../model/flow-kind.ts'
import { dockerName } from '../../model/names.ts'
import type { RuleValue } from '../../model/rule.ts'
import type { Direction, PolicyBook } from '../book.ts'
import { noAddress6 } from '../own-address.ts'
import type { Match } from '../verdict.ts'
import type { End } from './ends.ts'
import type { Way } from './way.ts'

export interface Change {
  readonly action: RuleValue['action']
  /** To be typed in this order, on any host. Empty if no command alone does it: see `remedy`. */
  readonly commands: readonly string[]
  /** What else there is to know or to do; ''. */
  readonly remedy: string
}

const topPriority = 100

/**
 * What makes all of the flows pass (`allow`), or none of them.
 * @param matching the rules that match some of them
 */
export function changeTo(
  action: RuleValue['action'],
  view: RegistryView,
  book: PolicyBook,
  ways: readonly [Way, ...Way[]],
  kind: FlowKind,
  matching: readonly Match[],
): Change {
  const place = placeFor(book, ways)
  if (!place) return noGroup(ways[0])
  const against = matching.filter(({ rule }) => rule.value.action !== action)
  // a deny beats an allow of its priority, an allow must be above
  const needed = (matches: readonly Match[]) =>
    Math.max(1, ...matches.map(({ rule }) => rule.value.priority + (action === 'allow' ? 1 : 0)))
  const inTheWay =
    needed(against) > topPriority ? against.filter(({ rule }) => rule.value.priority === topPriority) : []
  const left = against.filter(match => !inTheWay.includes(match))
  const removals = inTheWay.map(({ rule }) => ruleRmCommand(view.objects, book.tenant, rule.policy, rule))
  if (inTheWay.length > 0 && left.length === 0) return { action, commands: removals, remedy: shared(place) }
  const policy = place.group.policies[0] ?? freePolicy(view, place.group)
  const value = ruleFor(action, needed(left), place, kind)
  const commands = [
    ...removals,
    ...(place.group.policies.length > 0 ? [] : newPolicy(book, place, policy)),
    ruleAddCommand(book.tenant, policy, freeId(view, book.tenant, policy), value),
  ]
  return { action, commands, remedy: shared(place) }
}

/** A group at one of the ends, whose policy can say it. */
interface Place {
  readonly group: Group
  readonly direction: Direction
  readonly end: End
  readonly way: Way
}

/** The receiver's group, for its rules can name the sender; else the sender's. One that has policies before one that has none. */
function placeFor(book: PolicyBook, ways: readonly Way[]): Place | undefined {
  const ends = [
    ...ways.map(way => ({ way, end: way.dst, direction: 'in' as const })),
    ...ways.map(way => ({ way, end: way.src, direction: 'out' as const })),
  ]
  const places = ends.flatMap((each): Place[] => {
    const group = groupOf(book, each.end)
    return group ? [{ ...each, group }] : []
  })
  return places.find(({ group }) => group.policies.length > 0) ?? places[0]
}

export function groupOf(book: PolicyBook, end: End): Group | undefined {
  if (end.kind === 'group') return end.group
  return end.kind === 'container' && end.endpoint.group !== undefined ? book.group(end.endpoint.group) : undefined
}

function ruleFor(action: RuleValue['action'], priority: number, place: Place, kind: FlowKind): RuleValue {
  const { direction, way } = place
  const address = (end: End): string => (end.kind === 'group' || end.ip === noAddress6 ? '' : formatAddress(end.ip))
  const named = (end: End): string => (end.kind === 'group' ? end.group.name : '')
  const isIn = direction === 'in'
  return {
    ...{ direction, priority, action, protocol: kind.name, port: kind.port },
    ...{ fromGroup: isIn ? named(way.src) : '', toGroup: isIn ? '' : named(way.dst) },
    ...{ fromNetwork: '', toNetwork: '' },
    // an outgoing rule cannot tell the members of its group apart
    ...{ fromIp: isIn ? address(way.src) : '', toIp: address(way.dst) },
  }
}

function shared({ group, direction, end }: Place): string {
  const isAlone = end.kind !== 'container' || (direction === 'in' && end.ip !== noAddress6)
  return isAlone ? '' : `holds for every member of group ${group.name}`
}

function newPolicy({ tenant }: PolicyBook, { group, end }: Place, policy: string): string[] {
  const network = end.kind === 'outside' ? '' : end.network.name // never outside: that is no group's
  return [
    `skein policy create${tenantFlag(tenant)} ${policy}`,
    `skein group create${tenantFlag(tenant)} ${argument(network)} ${argument(group.name)} --policy=${policy}`,
  ]
}

/** A name that no policy of the tenant has. */
function freePolicy({ objects }: RegistryView, { tenant, bornName }: Group): string {
  const base = `${bornName.slice(0, 50)}-policy`
  let name = base
  for (let n = 2; objects.policy(tenant, name); n++) name = `${base}-${n}`
  return name
}

/** One more than the highest number. */
function freeId({ objects }: RegistryView, tenant: string, policy: string): string {
  const numbers = objects.rules(tenant, policy).map(({ id }) => (/^\d{1,9}$/.test(id) ? Number(id) : 0))
  return String(1 + Math.max(0, ...numbers))
}

/** Without a group no policy has a say: then everything passes, and only a group can change that. */
function noGroup({ src, dst }: Way): Change {
  const end = dst.kind === 'outside' ? src : dst
  const network = end.kind === 'outside' ? 'NETWORK' : dockerName(end.tenant, end.network.name)
  const remedy = `no policy is asked, since neither end is in a group: run the container in one, with docker run --net=GROUP.${network}`
  return { action: 'deny', commands: [], remedy }
}

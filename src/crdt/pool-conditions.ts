/** Pools of two groups of one network that came to overlap on two sides of a split: on one side the second is refused. */
import { poolRange } from '../model/group.ts'
import type { IpMatch } from '../model/ip-match.ts'
import type { NetworkId } from '../model/network.ts'
import { compareHlc } from './hlc.ts'
import { tenantFlag } from './object-commands.ts'
import type { Group } from './objects-view.ts'
import { pairsInOrder } from './overlapping.ts'
import type { Condition, RegistryView } from './registry-view.ts'
import { isUnusedGroup } from './unused.ts'

interface Pooled {
  readonly group: Group
  readonly range: IpMatch
}

export function poolConditions(view: RegistryView): Condition[] {
  return [...byNetwork(view.objects.groups())].flatMap(([id, all]) => {
    const network = view.network(id)
    // what is on its way into another network, or gone, gives no addresses any more
    if (network?.status !== 'live' || network.into !== undefined) return []
    all.sort((a, b) => a.range.first - b.range.first || (a.group.id < b.group.id ? -1 : 1))
    const pairs = pairsInOrder(all, (a, b) => b.range.first <= a.range.last)
    return pairs.map(([a, b]) => conditionOf(view, network.name, ...inAge(a.group, b.group)))
  })
}

function byNetwork(groups: readonly Group[]): Map<NetworkId, Pooled[]> {
  const found = new Map<NetworkId, Pooled[]>()
  for (const group of groups) {
    // one that is being deleted takes no new members
    const range = group.status === 'live' ? poolRange(group.pool) : undefined
    if (range) found.set(group.network, [...(found.get(group.network) ?? []), { group, range }])
  }
  return found
}

/** The younger first. */
function inAge(a: Group, b: Group): [Group, Group] {
  return (compareHlc(a.created, b.created) || (a.id < b.id ? -1 : 1)) > 0 ? [a, b] : [b, a]
}

function conditionOf(view: RegistryView, network: string, younger: Group, older: Group): Condition {
  const unused = [younger, older].find(group => isUnusedGroup(view, group))
  const { tenant, name, bornName, policies, profile } = unused ?? younger
  const remove = `skein group rm${tenantFlag(tenant)} ${name}`
  // the later of two of one name needs another one
  const anew = name === bornName ? name : 'NAME'
  const create = [
    `skein group create${tenantFlag(tenant)} ${network} ${anew} --ip-pool=RANGE`,
    ...policies.map(policy => `--policy=${policy}`),
    ...(profile === '' ? [] : [`--networkprofile=${profile}`]),
  ].join(' ')
  const other = `then create it with another pool, with: ${create}`
  return {
    kind: 'pool-overlap',
    objects: [younger.id, older.id],
    since: younger.created,
    text:
      `groups ${tenant}/${younger.name} and ${tenant}/${older.name} of network ${network} have pools that overlap, ${younger.pool} ` +
      `and ${older.pool}: containers of either get the addresses of both`,
    remedy: unused
      ? `remove ${name}, which nothing uses, with: ${remove}, ${other}`
      : `end the containers of one of them with docker rm -f, remove the rules that name it, then: ${remove}, ${other}`,
    commands: unused ? [remove] : [],
  }
}

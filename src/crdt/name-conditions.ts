/** Networks that came to bear one name, or to overlap, on two sides of a split. */
import { overlaps6, subnet6Of } from '../model/ipv6.ts'
import { isName } from '../model/names.ts'
import { overlaps } from '../model/subnet.ts'
import { drainCommand, inTenant, shown } from './condition-text.ts'
import { maxHlc } from './hlc.ts'
import { pairsInOrder } from './overlapping.ts'
import type { Condition, Network, RegistryView } from './registry-view.ts'

export function nameConditions(view: RegistryView): Condition[] {
  const live = view.networks().filter(network => network.status === 'live')
  return [...sameNames(live), ...overlappingSubnets(live), ...overlappingPrefixes(live)]
}

const slotOf = (network: Network) => `${network.tenant}/${network.givenName}`

function sameNames(live: readonly Network[]): Condition[] {
  const bearers = new Map(live.filter(network => network.name === network.givenName).map(n => [slotOf(n), n]))
  const taken = new Set(live.map(network => `${network.tenant}/${network.name}`))
  return live.flatMap(network => {
    const bearer = bearers.get(slotOf(network))
    if (!bearer || bearer === network) return []
    const rename = `skein net rename${inTenant(network)} ${network.name} ${freeName(network, taken)}`
    const drain = drainCommand(network, bearer)
    return [
      {
        kind: 'name-conflict',
        objects: [network.id, bearer.id],
        since: network.named,
        text: `${shown(network)} was called ${network.givenName} on another side of a split and is a network of its own`,
        remedy: `give it a name of its own with: ${rename}, or move its containers into the other with: ${drain}`,
        commands: [rename, drain],
      },
    ]
  })
}

/** `web-1a2b3c`, or with more digits if that is taken; `network-…` where Docker's wider names do not fit ours. */
function freeName({ tenant, givenName, id }: Network, taken: ReadonlySet<string>): string {
  for (const digits of [6, 12, 24]) {
    const name = [givenName.slice(0, 63 - digits), 'network'].map(base => `${base}-${id.slice(0, digits)}`).find(isName)
    if (name !== undefined && !taken.has(`${tenant}/${name}`)) return name
  }
  return `network-${id.slice(0, 48)}`
}

/** Networks of one tenant that can hand out one address both; a drain that is on its way resolves it. */
function overlappingSubnets(live: readonly Network[]): Condition[] {
  return tenantsOf(live).flatMap(networks => {
    networks.sort((a, b) => a.spec.subnet.first - b.spec.subnet.first || (a.id < b.id ? -1 : 1))
    return pairsInOrder(networks, (a, b) => overlaps(a.spec.subnet, b.spec.subnet)).map(([a, b]) =>
      overlap(a, b, ({ spec }) => spec.subnet.text),
    )
  })
}

/** The same of IPv6, where they are apart in IPv4. */
function overlappingPrefixes(live: readonly Network[]): Condition[] {
  return tenantsOf(live).flatMap(networks => {
    const known = networks.flatMap(network => {
      const prefix = subnet6Of(network.spec)
      return prefix ? [{ network, prefix }] : []
    })
    known.sort(({ network: a, prefix: p }, { network: b, prefix: q }) => {
      return p.base === q.base ? p.length - q.length || (a.id < b.id ? -1 : 1) : p.base < q.base ? -1 : 1
    })
    return pairsInOrder(known, (a, b) => overlaps6(a.prefix, b.prefix))
      .filter(([{ network: a }, { network: b }]) => !overlaps(a.spec.subnet, b.spec.subnet))
      .map(([a, b]) => overlap(a.network, b.network, ({ spec }) => spec.subnet6))
  })
}

/** Those that count, by tenant. */
function tenantsOf(live: readonly Network[]): Network[][] {
  // who is called as another has its condition already
  const candidates = live.filter(network => network.name === network.givenName && network.into === undefined)
  const tenants = new Set(candidates.map(network => network.tenant))
  return [...tenants].map(tenant => candidates.filter(network => network.tenant === tenant))
}

function overlap(one: Network, other: Network, textOf: (network: Network) => string): Condition {
  const [a, b] = shown(one) < shown(other) ? [one, other] : [other, one]
  const drain = drainCommand(b, a)
  return {
    kind: 'subnet-overlap',
    objects: [a.id, b.id],
    since: maxHlc(a.created, b.created),
    text: `${shown(a)} and ${shown(b)} overlap in ${textOf(a)} and ${textOf(b)}`,
    remedy: `move the containers of one of them into the other with: ${drain}`,
    commands: [drain],
  }
}

/** Networks that came to bear one name, or to overlap, on two sides of a split. */
import { isName } from '../model/names.ts'
import { overlaps } from '../model/subnet.ts'
import { drainCommand, inTenant, shown } from './condition-text.ts'
import { maxHlc } from './hlc.ts'
import type { Condition, Network, RegistryView } from './registry-view.ts'

export function nameConditions(view: RegistryView): Condition[] {
  const live = view.networks().filter(network => network.status === 'live')
  return [...sameNames(live), ...overlappingSubnets(live)]
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
  const found: Condition[] = []
  // who is called as another has its condition already
  const candidates = live.filter(network => network.name === network.givenName && network.into === undefined)
  for (const tenant of new Set(candidates.map(network => network.tenant))) {
    const ordered = candidates.filter(network => network.tenant === tenant)
    ordered.sort((a, b) => a.spec.subnet.first - b.spec.subnet.first || (a.id < b.id ? -1 : 1))
    ordered.forEach((a, i) => {
      // those that begin behind its end, and all after them, are apart from it
      for (let at = i + 1; at < ordered.length; at++) {
        const b = ordered[at] as Network
        if (!overlaps(a.spec.subnet, b.spec.subnet)) break
        found.push(overlap(...inOrder(a, b)))
      }
    })
  }
  return found
}

function inOrder(a: Network, b: Network): [Network, Network] {
  return shown(a) < shown(b) ? [a, b] : [b, a]
}

function overlap(a: Network, b: Network): Condition {
  const drain = drainCommand(b, a)
  return {
    kind: 'subnet-overlap',
    objects: [a.id, b.id],
    since: maxHlc(a.created, b.created),
    text: `${shown(a)} and ${shown(b)} overlap in ${a.spec.subnet.text} and ${b.spec.subnet.text}`,
    remedy: `move the containers of one of them into the other with: ${drain}`,
    commands: [drain],
  }
}

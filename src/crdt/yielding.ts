/** The way out of a network that yields to an older one, which has the tag, or the routes, that both claim. */
import { drainCommand, inTenant } from './condition-text.ts'
import type { Network, RegistryView } from './registry-view.ts'
import { rulesOfGroup, rulesOfNetwork } from './unused.ts'

/** What the two cannot share, and the flags by which a network with one of its own is created. */
export interface Claimed {
  readonly what: 'tag' | 'subnet'
  readonly flags: string
}

/** Remove it while it is empty, move its containers into the older one, or into a network of their own. */
export function wayOut(
  view: RegistryView,
  network: Network,
  owner: Network,
  { what, flags }: Claimed,
): { remedy: string; commands: readonly string[] } {
  if (view.endpoints(network.id).length === 0) return removal(view, network, what)
  if (owner.tenant === network.tenant && owner.status === 'live' && owner.into === undefined) {
    const drain = drainCommand(network, owner)
    return { remedy: `move its containers into the other with: ${drain}`, commands: [drain] }
  }
  const create = `skein net create${inTenant(network)} ${flags} NAME`
  const drain = `skein net drain${inTenant(network)} ${network.name} --into NAME`
  return {
    remedy: `move its containers to a network with a ${what} of its own, with: ${create}, then: ${drain}`,
    commands: [],
  }
}

/** It is not deleted before its groups, and what rules name is not deleted. */
function removal(view: RegistryView, network: Network, what: Claimed['what']) {
  const groups = view.objects.groups(network.tenant).filter(group => group.network === network.id)
  const remove = `skein net rm${inTenant(network)} ${network.name}`
  const steps = [...groups.map(group => `skein group rm${inTenant(network)} ${group.name}`), remove].join(', then: ')
  const rules = [...rulesOfNetwork(view, network), ...groups.flatMap(group => rulesOfGroup(view, group))]
  if (rules.length > 0) {
    const named = groups.length > 0 ? 'it or its groups' : 'it'
    return {
      remedy: `remove it, to create it with another ${what}: first the rules that name ${named}, then: ${steps}`,
      commands: [],
    }
  }
  const its = groups.length > 0 ? 'it and its groups' : 'it'
  return {
    remedy: `remove ${its}, to create it with another ${what}, with: ${steps}`,
    commands: groups.length > 0 ? [] : [remove],
  }
}

/** Networks that wait for their last container: deleted ones, and those that are drained into others. */
import type { NetworkId } from '../model/network.ts'
import { hostName, inTenant, shown, type Tables, users } from './condition-text.ts'
import type { Condition, Network, RegistryView } from './registry-view.ts'

export function drainConditions(view: RegistryView, { networks }: Tables): Condition[] {
  return view.networks().flatMap((network): Condition[] => {
    if (network.status === 'draining') {
      const since = networks.deletedSince(network.id) ?? network.created
      const text = `${shown(network)} was deleted while in use and waits for ${waitsFor(view, network.id)}`
      const remedy = network.into
        ? `they move into ${nameOf(view, network.into)} by themselves; what hinders one is shown by its host's skein conditions`
        : 'remove these containers: docker rm -f on their hosts'
      return [{ kind: 'draining', objects: [network.id], since, text, remedy }]
    }
    const condition = drained(view, network)
    return condition ? [condition] : []
  })
}

function drained(view: RegistryView, network: Network): Condition | undefined {
  const drain = view.drain(network.id)
  if (!drain) return undefined
  const stop = `skein net drain${inTenant(network)} ${network.name} --cancel`
  const base = { objects: [network.id, drain.into], since: drain.since, commands: [stop] }
  if (network.into === undefined) {
    return {
      ...{ kind: 'drain-stopped', ...base },
      text: `${shown(network)} was to be drained into ${nameOf(view, drain.into)}, which is deleted or drained itself; it goes on`,
      remedy: `end that with: ${stop}, or drain it into another network`,
    }
  }
  const left = view.endpoints(network.id)
  const waits = left.length > 0 ? `waits for ${users(view, left)}` : 'is about to be deleted'
  return {
    ...{ kind: 'drain', ...base },
    text: `${shown(network)} is drained into ${nameOf(view, network.into)} and ${waits}`,
    remedy: `it goes on by itself; stop it with: ${stop}`,
  }
}

/** Endpoints, and hosts that have none at the moment: their container is about to start again. */
function waitsFor(view: RegistryView, id: NetworkId): string {
  const endpoints = view.endpoints(id)
  const others = view.heldBy(id).filter(key => !endpoints.some(({ owner }) => owner === key))
  const hosts = others.map(key => `containers of ${hostName(view, key)}`)
  return [...(endpoints.length > 0 ? [users(view, endpoints)] : []), ...hosts].join(', ')
}

function nameOf(view: RegistryView, id: string): string {
  const network = view.network(id)
  return network ? shown(network) : `network ${id.slice(0, 6)}`
}

/** Everything that a view shows, as text: equal on peers that hold the same records (I2). */
import type { RegistryView } from '../../../src/crdt/registry-view.ts'

export function stateText(view: RegistryView): string {
  const networks = view.networks()
  const ofNetwork = networks.map(({ id }) => ({
    endpoints: view.endpoints(id),
    vteps: view.vteps(id),
    blocks: Array.from({ length: view.blockCount(id) }, (_, index) => view.block(id, index)),
    carved: view.carved(id).map(ip => view.address(id, ip)),
    acts: [...view.actsOf(id)].map(dot => `${dot.writer}:${dot.counter}`).sort(),
  }))
  const members = view.members()
  const hints = networks.map(({ id }) => members.map(({ key }) => view.freeHint(id, key) ?? null))
  const generations = networks.map(({ tenant, bornName }) => view.nextGeneration(tenant, bornName))
  const { objects } = view
  const policies = objects.policies().map(policy => ({
    policy,
    rules: objects.rules(policy.tenant, policy.name),
    history: objects.history(policy.tenant, policy.name),
  }))
  const more = {
    ...{ policies, groups: objects.groups(), profiles: objects.profiles(), globals: objects.globals() },
    drains: networks.map(({ id }) => view.drain(id) ?? null),
    reserved: networks.map(({ id }) => view.reserved(id).map(ip => [ip, view.reservedBy(id, ip)])),
    removals: view.removals(),
  }
  const state = { more, members, tenants: view.tenants(), networks, ofNetwork, hints, generations }
  return JSON.stringify({ ...state, conditions: view.conditions(), admissions: view.admissions(), size: view.size() })
}

/** Where two texts begin to differ, for people. */
export function difference(a: string, b: string): string {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const from = Math.max(0, at - 80)
  return `…${a.slice(from, at + 80)}… against …${b.slice(from, at + 80)}…`
}

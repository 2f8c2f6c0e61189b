/** Everything that a view says, as text: what must be equal on peers that hold the same records. */
import type { ObjectsView } from '../../../src/crdt/objects-view.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { dotText } from '../../../src/crdt/vector.ts'
import type { NetworkId } from '../../../src/model/network.ts'

/** @param ids networks to ask about, whether the view lists them or not */
export function viewJson(view: RegistryView, ids: readonly NetworkId[] = []): string {
  const members = view.members()
  const names = [...new Set([...view.tenants(), ...view.networks().map(network => network.tenant)])]
  return JSON.stringify(
    {
      members,
      removals: view.removals(),
      admissions: view.admissions().map(item => ({ ...item, majority: view.majorityFor(item.dot)?.map(dotText) })),
      invitations: members.map(member => view.invitations(member.key)),
      vnis: members.map(member => [...view.vnisOf(member.key)].sort(([a], [b]) => a - b)),
      tenants: names.map(name => ({ name, acts: view.tenantActs(name).map(dotText), networks: view.networks(name) })),
      generations: view.networks().map(network => view.nextGeneration(network.tenant, network.bornName)),
      networks: [...new Set([...ids, ...view.networks().map(network => network.id)])].map(id => networkOf(view, id)),
      objects: objectsOf(view.objects),
      conditions: view.conditions(),
      lastWrites: members.map(member => view.lastWrite(member.key)),
      size: view.size(),
    },
    null,
    1,
  )
}

function networkOf(view: RegistryView, id: NetworkId) {
  const blocks = Array.from({ length: Math.min(view.blockCount(id), 64) }, (_, i) => i)
  return {
    id,
    deleted: view.isDeleted(id),
    acts: view.actsOf(id).map(dotText),
    endpoints: view.endpoints(id),
    holders: view.endpoints(id).map(endpoint => view.holders(id, endpoint.ip)),
    vteps: view.vteps(id),
    drain: view.drain(id),
    heldBy: view.heldBy(id),
    reserved: view.reserved(id),
    duplicates: view.duplicates(id),
    touched: view.touchedBlocks(id),
    free: view.members().map(member => view.freeHint(id, member.key)),
    carved: view.carved(id).map(ip => ({ ...view.address(id, ip), signatures: view.addressTransfers(id, ip).length })),
    blocks: blocks.map(index => ({ ...view.block(id, index), signatures: view.transfers(id, index).length })),
  }
}

/** All that the scenes and histories of the tests write: what the view does not list is asked for, too. */
const said = { tenants: ['default', 'blue', 'web', '1'], names: ['default', 'blue', 'web', 'db', '1'] }
const ruleIds = [...said.names, '2']

function objectsOf(objects: ObjectsView) {
  const names = said.tenants.flatMap(tenant => said.names.map(name => [tenant, name] as const))
  return {
    tenants: objects.tenants().sort(),
    groups: objects.groups().map(group => ({
      ...{ group, acts: objects.groupActs(group.id), heads: objects.groupHeads(group.id) },
      attached: group.policies.map(policy => objects.attachments(group.id, policy)),
      contested: objects.contested('group', group.id),
    })),
    policies: objects.policies(),
    profiles: objects.profiles(),
    globals: [objects.globals(), objects.globalHeads(), objects.contested('global', 'global')],
    byName: names.map(([tenant, name]) => ({
      generation: objects.nextGroupGeneration(tenant, name),
      acts: objects.policyActs(tenant, name),
      rules: objects.rules(tenant, name),
      written: objects.policyRules(tenant, name),
      cover: objects.policyCover(tenant, name),
      ids: ruleIds.map(id => [
        objects.ruleActs(tenant, name, id),
        objects.ruleValues(tenant, name, id),
        objects.lostValues(tenant, name, id),
      ]),
      history: objects.history(tenant, name),
      versions: objects.history(tenant, name).map(event => objects.rulesAt(tenant, name, event.dot)),
      heads: objects.profileHeads(tenant, name),
      contested: objects.contested('netprofile', `${tenant}/${name}`),
    })),
  }
}

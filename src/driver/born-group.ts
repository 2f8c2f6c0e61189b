/** A group that is born in Docker: `docker network create -o group=db … db.web`. */
import { checkGroupSlot } from '../crdt/docker-slots.ts'
import { groupIdOf } from '../crdt/identity.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { createGroupLeaves } from '../crdt/object-acts.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { pairs, type Typed } from './born-network.ts'
import { type PoolId, poolIdOf } from './pool-id.ts'
import type { DockerNetwork } from './ports.ts'
import { tenantFlag } from './refusals.ts'

/** The network that it is on: there, or about to be created. */
type Ground = Pick<Network, 'id' | 'name'> & Partial<Pick<Network, 'docker' | 'into'>>

/**
 * What the Docker network stands for, and what is to be written: nothing if the group is there. Called inside the write;
 * throws `conflict` or `invalid` to refuse.
 */
export function groupAct(
  view: RegistryView,
  { labels, internal }: DockerNetwork,
  { tenant, group: name = '' }: Typed,
  ground: Ground,
): { pool: PoolId; leaves: Leaf[] } {
  const isNew = view.network(ground.id) === undefined
  if (!isNew && internal !== (ground.docker?.internal ?? false)) {
    throw new SkeinError(
      'invalid',
      `a group is as internal as its network: ${internal ? 'leave out' : 'add'} --internal`,
    )
  }
  if (ground.into !== undefined) {
    throw new SkeinError(
      'in-use',
      `network ${ground.name} is being drained: use the network that its containers move to`,
    )
  }
  const present = view.objects.groupByName(tenant, name)
  if (present && present.network !== ground.id) {
    const other = view.network(present.network)?.name ?? 'another network'
    throw new SkeinError(
      'conflict',
      `group ${name} is on network ${other}: use another name, or remove it first with: skein group rm${tenantFlag(tenant)}${name}`,
    )
  }
  if (present) return { pool: poolIdOf(ground.id, present.id), leaves: [] }
  checkGroupSlot(view, tenant, name, ground.name)
  const leaves = createGroupLeaves(view.objects, { tenant, name, network: ground.id, pool: '' }, {})
  const act = leaves.find(leaf => leaf.kind === 'group')
  if (!act) throw new Error('a creation without an act')
  const id = groupIdOf(act)
  const own = pairs(labels)
  const edit: Leaf = { kind: 'group-edit', group: id, profile: null, labels: own, seen: [], covers: [] }
  return { pool: poolIdOf(ground.id, id), leaves: own.length > 0 ? [...leaves, edit] : leaves }
}

/** What may be let go of, kind by kind, and how it goes: the tables know, this asks the right one. */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { BlockTable } from './block-table.ts'
import { isPrefix } from './blocks.ts'
import { recordOf } from './checkpoint.ts'
import type { CheckpointTable } from './checkpoint-table.ts'
import type { CompactUnit, PlacedLeaf } from './compact-unit.ts'
import type { Drops } from './droppable.ts'
import type { EndpointTable } from './endpoint-table.ts'
import type { HoldTable } from './hold-table.ts'
import type { CheckpointLeaf, EndpointLeaf, EndpointRmLeaf, Leaf, TenantLeaf, TenantRmLeaf } from './leaves.ts'
import type { LeafRecord, LiveSet } from './live-set.ts'
import type { MembershipTable } from './membership-table.ts'
import type { NetworkTable } from './network-table.ts'
import { createObjectCollector, type ObjectCollectorDeps } from './object-collector.ts'
import type { ReservationTable } from './reservation-table.ts'
import type { TenantTable } from './tenant-table.ts'
import { type Dot, dotText } from './vector.ts'

export interface CollectorDeps {
  live: LiveSet
  /** Former keys of a writer's host. */
  earlier(writer: PeerKey): readonly PeerKey[]
  /** How far each writer has come. */
  counters(): ReadonlyMap<PeerKey, number>
  membership: MembershipTable
  tenants: TenantTable
  networks: NetworkTable
  endpoints: EndpointTable
  blocks: BlockTable
  checkpoints: CheckpointTable
  holds: HoldTable
  reservations: ReservationTable
  objects: ObjectCollectorDeps & { tenants(): string[] }
}

/** Registers of one writer that nobody else's rest on: what it lets go of is its own affair. */
const own = new Set<Leaf['kind']>(['endpoint', 'endpoint-rm', 'vtep', 'free', 'network-hold', 'reservation'])

interface Rule<L extends Leaf> {
  may(record: LeafRecord<L>, drops: Drops): boolean
  drop(record: LeafRecord<L>): void
}

export class Collector {
  readonly #deps: CollectorDeps
  /** Kinds that are not here are never let go of: members, settlements, what others name by its hash. */
  readonly #rules: { [K in Leaf['kind']]?: Rule<Extract<Leaf, { kind: K }>> }

  constructor(deps: CollectorDeps) {
    this.#deps = deps
    const { membership, tenants, networks, endpoints, blocks, checkpoints, holds, reservations, objects } = deps
    const collected = (drops: Drops) => (dot: Dot) => checkpoints.collected(dot, drops)
    const isGone = (record: LeafRecord<{ network: string }>, drops: Drops) =>
      networks.isGone(record.leaf.network, collected(drops))
    // the deletion of a tenant that has children is shown as a condition
    const isInUse = ({ leaf: { kind, name } }: LeafRecord<TenantLeaf | TenantRmLeaf>) =>
      kind === 'tenant-rm' && (networks.isBorneBy(name) || objects.tenants().includes(name))
    const tenant = {
      may: (record: LeafRecord<TenantLeaf | TenantRmLeaf>, drops: Drops) =>
        tenants.mayDrop(record, drops, collected(drops)) && (drops.judges || !isInUse(record)),
      drop: (record: Parameters<TenantTable['drop']>[0]) => tenants.drop(record),
    }
    const network = {
      may: (record: Parameters<NetworkTable['mayDrop']>[0], drops: Drops) =>
        networks.mayDrop(record, drops, collected(drops)),
      drop: (record: Parameters<NetworkTable['drop']>[0]) => networks.drop(record),
    }
    // the end of what a former key of the host began stays: that would be shown again
    const isInherited = ({ leaf, dot }: LeafRecord<EndpointLeaf | EndpointRmLeaf>) =>
      leaf.kind === 'endpoint-rm' && deps.earlier(dot.writer).some(key => endpoints.hasRecord(key, leaf.id))
    const endpoint = {
      may: (record: LeafRecord<EndpointLeaf | EndpointRmLeaf>, drops: Drops) =>
        !isInherited(record) && endpoints.mayDropEndpoint(record, drops),
      drop: (record: Parameters<EndpointTable['dropEndpoint']>[0]) => endpoints.dropEndpoint(record),
    }
    const ofNetwork = {
      may: (record: Parameters<EndpointTable['mayDropOf']>[0], drops: Drops) =>
        endpoints.mayDropOf(record, drops, isGone(record, drops)),
      drop: (record: Parameters<EndpointTable['dropOf']>[0]) => endpoints.dropOf(record),
    }
    const custody = {
      may: (record: Parameters<BlockTable['mayDrop']>[0], drops: Drops) =>
        blocks.mayDrop(record, drops) || isGone(record as LeafRecord<{ network: string }>, drops),
      drop: (record: Parameters<BlockTable['drop']>[0]) => blocks.drop(record),
    }
    this.#rules = {
      ...{ tenant, 'tenant-rm': tenant, network, 'network-rm': network, endpoint, 'endpoint-rm': endpoint },
      ...{ vtep: ofNetwork, free: ofNetwork, block: custody, address: custody },
      peer: {
        may: (record, drops) => membership.mayDropPeer(record, drops),
        drop: record => membership.dropPeer(record),
      },
      'network-docker': {
        may: (record, drops) => networks.isDockerSuperseded(record, drops) || isGone(record, drops),
        drop: record => networks.drop(record),
      },
      'network-hold': {
        may: (record, drops) => holds.mayDrop(record, drops, isGone(record, drops)),
        drop: record => holds.drop(record),
      },
      'network-rename': {
        may: (record, drops) => networks.isRenameSuperseded(record, drops),
        drop: record => networks.dropRename(record),
      },
      'network-drain': {
        may: (record, drops) => networks.isDrainSuperseded(record, drops),
        drop: record => networks.dropDrain(record),
      },
      reservation: {
        may: (record, drops) => reservations.mayDrop(record, drops, isGone(record, drops)),
        drop: record => reservations.drop(record),
      },
      ...createObjectCollector(objects, checkpoints.goneBy(deps.counters)),
      checkpoint: {
        may: (record, drops) => checkpoints.mayDrop(record, drops),
        drop: record => checkpoints.drop(record),
      },
    }
  }

  /** True if what supersedes the leaf may be relied on, or if it is of something that is gone. */
  mayDrop(record: LeafRecord, drops: Drops): boolean {
    return this.#ruleOf(record.leaf.kind)?.may(record, drops) ?? false
  }

  /**
   * Gives effect to a checkpoint of a writer: these leaves are as if they had never been written. With `judge`, only if
   * all of them may go; otherwise that is noted, shown as a condition, and nothing changes. What this version does not
   * know has no effect here, and its writer knows best. Says whether the checkpoint had its effect.
   */
  collect(checkpoint: LeafRecord<CheckpointLeaf>, dropped: readonly PlacedLeaf[], judge: boolean): boolean {
    const { writer } = checkpoint.dot
    const just = !judge || this.mayCollect(writer, dropped)
    this.#deps.checkpoints.judge(checkpoint, just)
    if (!just) return false
    this.forget(writer, dropped)
    return true
  }

  /** True if a checkpoint that lets these leaves of its writer go, and nothing else, is just. */
  mayCollect(writer: PeerKey, dropped: readonly PlacedLeaf[]): boolean {
    const drops = togetherWith(writer, dropped)
    return dropped.every(leaf => {
      const record = recordOf(writer, leaf)
      return !record || own.has(record.leaf.kind) || this.mayDrop(record, drops)
    })
  }

  /**
   * True if one of these leaves may not go by what is held, though its writer is free to let it go: what it had replaced may be the one that counts
   * then, and is not looked for.
   */
  uncovers(writer: PeerKey, dropped: readonly PlacedLeaf[]): boolean {
    const drops = togetherWith(writer, dropped)
    return dropped.some(leaf => {
      const record = recordOf(writer, leaf)
      return record !== undefined && !this.mayDrop(record, drops)
    })
  }

  /**
   * False if a unit that its writer itself brings leaves out what the writer gave to somebody: no longer chain of custody is
   * held, or in the unit, and the network is not gone with it. All else is its own.
   */
  mayLose({ writer, first, last, survivors }: CompactUnit, missing: readonly PlacedLeaf[]): boolean {
    const { networks, checkpoints } = this.#deps
    const left = survivors.flatMap(placed => recordOf(writer, placed)?.leaf ?? [])
    const deletions = left.flatMap(leaf => (leaf.kind === 'network-rm' ? [leaf] : []))
    const counters = new Set(survivors.map(({ counter }) => counter))
    const isLetGo = (dot: Dot) =>
      dot.writer === writer && first <= dot.counter && dot.counter <= last && !counters.has(dot.counter)
    const drops: Drops = { stable: () => true, goes: () => false, judges: true }
    const collected = (dot: Dot) => checkpoints.collected(dot, drops)
    // the network went by one checkpoint, and then what was given away of it by another: a unit may tell of both
    const isGone = (network: NetworkId) => networks.wouldBeGone(network, deletions, isLetGo, collected)
    return missing.every(placed => {
      const record = recordOf(writer, placed)
      if (record?.leaf.kind !== 'block' && record?.leaf.kind !== 'address') return true
      const { leaf } = record
      return this.mayDrop(record, drops) || isGone(leaf.network) || left.some(other => goesOn(leaf, other))
    })
  }

  /** These leaves are as if they had never been written. */
  forget(writer: string, leaves: readonly PlacedLeaf[]): void {
    for (const leaf of leaves) {
      const record = recordOf(writer, leaf)
      if (record) this.#ruleOf(record.leaf.kind)?.drop(record)
      else this.#dropUnknown(writer, leaf)
    }
  }

  #dropUnknown(writer: string, { counter, hash, hlc }: PlacedLeaf): void {
    const dot = { writer, counter }
    this.#deps.live.drop(`unknown:${dotText(dot)}`, { dot, hash, hlc, leaf: undefined })
  }

  #ruleOf(kind: Leaf['kind']): Rule<Leaf> | undefined {
    return this.#rules[kind] as Rule<Leaf> | undefined
  }
}

/** What a checkpoint may rely on that lets these leaves go together. */
function togetherWith(writer: PeerKey, dropped: readonly PlacedLeaf[]): Drops {
  const going = new Set(dropped.map(leaf => leaf.counter))
  return { stable: () => true, goes: dot => dot.writer === writer && going.has(dot.counter), judges: true }
}

/** True if the second tells the first's chain of custody again, and more of it. */
function goesOn(before: Leaf, after: Leaf): boolean {
  if (before.kind === 'block' && after.kind === 'block')
    return before.network === after.network && before.index === after.index && isPrefix(before, after)
  if (before.kind === 'address' && after.kind === 'address')
    return before.network === after.network && before.ip === after.ip && isPrefix(before, after)
  return false
}

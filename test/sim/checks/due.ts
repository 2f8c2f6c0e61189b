/**
 * Conditions that must be there: what the history says of networks that claim one VLAN tag, or overlap, of groups whose pools do, of
 * hosts that came back under a new key, and of checkpoints that let go of what is needed. One line of the objects of each.
 */
import { survives } from '../../../src/crdt/checkpoint.ts'
import type { ConditionKind } from '../../../src/crdt/condition.ts'
import { compareHlc, type Hlc } from '../../../src/crdt/hlc.ts'
import { networkIdOf } from '../../../src/crdt/identity.ts'
import type { LeafRecord } from '../../../src/crdt/live-set.ts'
import type { Network, RegistryView } from '../../../src/crdt/registry-view.ts'
import type { Dot } from '../../../src/crdt/vector.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { poolsOverlap } from '../../../src/model/group.ts'
import { collide6, type NetworkId } from '../../../src/model/network.ts'
import { overlaps } from '../../../src/model/subnet.ts'
import type { World } from '../world.ts'
import { poolsOn } from './pools.ts'

/** What is judged, and what it is judged by. */
export interface Case {
  readonly world: World
  readonly view: RegistryView
  /** All that the disk of the view's host holds. */
  readonly records: readonly LeafRecord[]
}

type Due = (at: Case) => (readonly string[])[]

export const dues = {
  'vlan-conflict': vlanConflicts,
  'subnet-overlap': overlappingNetworks,
  'pool-overlap': overlappingPools,
  succeeded: ({ world, view }) =>
    comebacks(world, view).flatMap(({ former, chosen }) => {
      return view.member(former) && !isGoing(view, former) ? [[former, chosen]] : []
    }),
  'succeeded-twice': ({ world, view }) =>
    comebacks(world, view).flatMap(({ former, chosen, keys }) =>
      keys.filter(key => key !== chosen && view.member(key)).map(key => [former, key]),
    ),
  'checkpoint-unjust': unjustCheckpoints,
} satisfies Partial<Record<ConditionKind, Due>>

/** All tenants share the wire: of those who ask for one tag the first has it, also while it goes; the others do without. */
function vlanConflicts({ view, records }: Case): string[][] {
  const vlans = view.networks().filter(({ spec }) => spec.encap === 'vlan')
  if (vlans.length < 2) return []
  const first = firstActs(view, records)
  const isEarlier = (a: Network, b: Network) => {
    const [one, other] = [first.get(a.id), first.get(b.id)]
    return one && other ? (compareHlc(one, other) || (a.id < b.id ? -1 : 1)) < 0 : false
  }
  return vlans.flatMap(network => {
    const rivals = vlans.filter(other => other.spec.pktTag === network.spec.pktTag)
    const owner = rivals.find(other => rivals.every(each => each === other || isEarlier(other, each)))
    const isOff = owner && owner !== network && network.status === 'live' && network.into === undefined
    return isOff ? [[network.id, owner.id]] : []
  })
}

/** In either family; but where one of the two has another condition for it, or a drain is on its way. */
function overlappingNetworks({ view }: Case): string[][] {
  const shown = ({ tenant, name }: Network) => `${tenant}/${name}`
  const bearers = view
    .networks()
    .filter(({ status, into, name, givenName }) => status === 'live' && into === undefined && name === givenName)
    .sort((a, b) => (shown(a) < shown(b) ? -1 : 1))
  return bearers.flatMap((a, i) =>
    bearers
      .slice(i + 1)
      .filter(b => a.tenant === b.tenant && (overlaps(a.spec.subnet, b.spec.subnet) || collide6(a.spec, b.spec)))
      .map(b => [a.id, b.id]),
  )
}

/** Every two of a network that still gives addresses; the group that was created later first. */
function overlappingPools({ view }: Case): string[][] {
  const networks = view.networks().filter(({ status, into }) => status === 'live' && into === undefined)
  return networks.flatMap(({ id }) => {
    const inAge = poolsOn(view, id).sort((a, b) => compareHlc(b.created, a.created) || (a.id < b.id ? 1 : -1))
    return inAge.flatMap((younger, i) =>
      inAge.slice(i + 1).flatMap(older => (poolsOverlap(younger.pool, older.pool) ? [[younger.id, older.id]] : [])),
    )
  })
}

/** When each network was first created, by the records that take effect: not what a removed host wrote above its cut. */
function firstActs(view: RegistryView, records: readonly LeafRecord[]): Map<NetworkId, Hlc> {
  const cuts = new Map<PeerKey, number>()
  for (const { outcome, targets, cut = [] } of view.removals()) {
    if (outcome === 'effective') for (const [i, { key }] of targets.entries()) cuts.set(key, cut[i] ?? 0)
  }
  const first = new Map<NetworkId, Hlc>()
  for (const { dot, hlc, leaf } of records) {
    if (leaf.kind !== 'network' || dot.counter > (cuts.get(dot.writer) ?? dot.counter)) continue
    const id = networkIdOf(leaf)
    const known = first.get(id)
    if (!known || compareHlc(hlc, known) < 0) first.set(id, hlc)
  }
  return first
}

interface Comeback {
  readonly former: PeerKey
  /** Under which a machine with that key asked to come back, and was let in. */
  readonly keys: readonly PeerKey[]
  /** The one of them that counts. */
  readonly chosen: PeerKey
}

function comebacks({ promises }: World, view: RegistryView): Comeback[] {
  return [...promises.comebacks].flatMap(([former, asked]) => {
    const keys = [...asked].filter(key => view.everMember(key))
    const chosen = view.succeededBy(former) ?? 'nobody'
    return keys.length > 0 ? [{ former, keys, chosen }] : []
  })
}

function isGoing(view: RegistryView, key: PeerKey): boolean {
  return view
    .removals()
    .some(({ outcome, targets }) => outcome === 'undecided' && targets.some(target => target.key === key))
}

/** Those of members that let go of the act of something that lives. */
function unjustCheckpoints({ view, records }: Case): string[][] {
  const needed = new Map<PeerKey, number[]>()
  for (const { writer, counter } of livingActs(view)) {
    // with several histories it may be another one's record that it let go of at that counter
    if (!view.isForked(writer) && view.member(writer)) needed.set(writer, [...(needed.get(writer) ?? []), counter])
  }
  return records.flatMap(({ dot, leaf }) => {
    if (leaf.kind !== 'checkpoint') return []
    const isIn = (counter: number) => leaf.first <= counter && counter <= leaf.last
    const isUnjust = needed.get(dot.writer)?.some(counter => isIn(counter) && !survives(leaf, counter))
    return isUnjust ? [[dot.writer, String(dot.counter)]] : []
  })
}

function livingActs(view: RegistryView): Dot[] {
  const isLive = ({ status }: { status: string }) => status === 'live'
  return [
    ...view
      .networks()
      .filter(isLive)
      .flatMap(({ id }) => view.actsOf(id)),
    ...view.tenants().flatMap(name => view.tenantActs(name)),
    ...view.objects
      .groups()
      .filter(isLive)
      .flatMap(({ id }) => view.objects.groupActs(id)),
  ]
}

/** For comparing, and for people. */
export function lineOf(objects: readonly string[]): string {
  return objects.join(' ')
}

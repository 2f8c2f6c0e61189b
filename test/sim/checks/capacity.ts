/** At rest: no address has been lost, also none of hosts that have left or burnt down. Where blocks are single addresses, one host can get every one that is free. */

import type { Group } from '../../../src/crdt/objects-view.ts'
import type { Network, RegistryView } from '../../../src/crdt/registry-view.ts'
import { poolIdOf } from '../../../src/driver/pool-id.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { nextHopOf } from '../../../src/model/gateway.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { allocate, release } from '../addressing.ts'
import type { Host } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { World } from '../world.ts'
import type { Holding } from './addresses.ts'
import { insiders, running } from './insiders.ts'
import { isInPool, poolsOn } from './pools.ts'

/** Freed addresses move to other hosts after this (src/ipam/core/ledger.ts), and hints are published a second later, ms. */
const coolDownMs = 62_000

interface Asker {
  readonly host: Host
  readonly peer: Peer
  readonly network: Network
}

export async function checkCapacity(world: World): Promise<void> {
  let asker = pickAsker(world)
  if (!asker) return
  const endMs = world.time.nowMs + coolDownMs
  await world.run(() => world.time.nowMs >= endMs)
  while (asker && !(await asksForAll(world, asker))) asker = pickAsker(world)
}

/** A member that is not fenced, nor about to be removed, and a network whose free addresses it can get. */
function pickAsker(world: World): Asker | undefined {
  const inside = insiders(world)
  const host = world.random.pick(inside.filter(({ ready, peer }) => ready && peer && !peer.replica.fenced))
  const { peer } = host ?? {}
  if (!host || !peer) return undefined
  const { view } = peer.replica
  if (!view.member(peer.replica.self)?.settled || !isWhole(world, view, inside)) return undefined
  // a copy whose removal waits for a fenced starter for ever: who acknowledged that takes nothing of its for granted
  const going = view.removals().filter(({ outcome }) => outcome === 'undecided')
  if (going.some(({ targets }) => targets.some(({ key }) => key === peer.replica.self))) return undefined
  const network = world.random.pick(view.networks().filter(each => gives(view, each)))
  return network && { host, peer, network }
}

function runsTwice(world: World, { signer }: Host): boolean {
  return running(world).filter(({ host }) => host.signer.key === signer.key).length > 1
}

/** Its blocks are single addresses, and all of them are for anybody. */
function gives(view: RegistryView, { id, spec, status, into }: Network): boolean {
  const { first, last } = view.blockRange(id, 0)
  const isSingle = spec.subnet.length >= 28 && first === last
  return isSingle && status === 'live' && into === undefined && view.reserved(id).length === 0
}

/** False if it was found out to be a copy before it had them all, or the network is gone by now or drained: another is to be asked. */
async function asksForAll(world: World, { host, peer, network }: Asker): Promise<boolean> {
  const { view } = peer.replica
  // who was put back to before it heard of a deletion, or of a member, is told while freed addresses cool down
  const now = view.network(network.id)
  if (!now || !gives(view, now)) return false
  const group = world.random.pick([undefined, ...poolsOn(view, network.id)])
  const free = freeFor(view, network, group)
  // what a copy had to do with may be quarantined
  const owed = free.filter(ip => !world.copies.excuses(network.id, { ip }, []))
  const what = `${free.length} free addresses of ${network.id.slice(0, 6)}${group ? ` in ${group.pool}` : ''}`
  world.history.note(`${host.name} asks for all ${what}`)
  const given: Holding[] = []
  let isDone = false
  let isCopy = false
  const takeAll = async () => {
    while (given.length <= free.length) {
      const holding = await allocate(world, host, peer, poolIdOf(network.id, group?.id))
      if (!holding) break
      given.push(holding)
    }
    // a copy that wrote the same as its original is fenced by what either writes next, at rest a checkpoint (R8); before, a member closes
    // one of its two connections with that key, and is out of reach for the moment
    const isFound = peer.replica.fenced !== undefined || runsTwice(world, host)
    isCopy = isFound && world.copies.has(host.signer.key)
    const lost = isCopy ? [] : owed.filter(ip => given.every(holding => holding.ip !== ip))
    if (given.length > free.length || lost.length > 0) {
      const text = `${host.name} got ${given.length} of ${what}`
      world.violate('promise 4', `${text}, and not ${lost.map(formatIp).join(' ')}`)
    }
    for (const holding of given) await release(world, host, peer, holding)
    isDone = true
  }
  void takeAll()
  await world.run(() => isDone)
  world.count(isCopy ? 'capacity asked of a copy just found out' : 'capacity asked')
  // who is not found out yet would be asked for ever
  if (isCopy) return peer.replica.fenced === undefined
  if (view.removals().some(({ outcome }) => outcome === 'effective')) world.count('capacity asked after removals')
  if (group) world.count('capacity of a pool asked')
  return true
}

/** Those of the group's pool, or what is in no pool. */
function freeFor(view: RegistryView, { id, spec }: Network, group: Group | undefined): number[] {
  const { first, last } = spec.subnet
  const used = new Set([...view.endpoints(id).map(({ ip }) => ip), nextHopOf(spec)])
  const pools = poolsOn(view, id)
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
    .filter(ip => !used.has(ip))
    .filter(ip => (group ? isInPool(group, ip) : !pools.some(pool => isInPool(pool, ip))))
}

/** True if nothing is anybody's who is away, or whose addresses nobody may use. */
function isWhole(world: World, view: RegistryView, inside: readonly Host[]): boolean {
  const isCopied = (key: PeerKey) => world.copies.has(key)
  const removals = view.removals().filter(({ outcome }) => outcome !== 'cancelled')
  const isOpen = removals.some(
    ({ outcome, assertedAt, targets }) =>
      (outcome !== 'effective' || !assertedAt) && !targets.every(({ key }) => isCopied(key)),
  )
  // an heir that lacks what its predecessor wrote waits for ever where that burnt down with whoever held it (R9)
  const held = (key: PeerKey) => Math.max(...inside.map(({ peer }) => peer?.replica.view.held(key) ?? 0))
  const isLost = removals.some(({ targets, cut = [] }) => targets.some(({ key }, i) => held(key) < (cut[i] ?? 0)))
  const serving = inside.filter(({ ready, peer }) => ready && !peer?.replica.fenced).map(({ signer }) => signer.key)
  const isAway = view.members().some(({ key }) => !isCopied(key) && !serving.includes(key))
  return !isOpen && !isLost && !isAway
}

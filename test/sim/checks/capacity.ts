/** At rest: no address has been lost. Where blocks are single addresses, one host can get every one that is free. */

import { allocate, release } from '../docker.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import type { Holding } from './addresses.ts'
import { insiders } from './insiders.ts'

/** Freed addresses move to other hosts after this (src/ipam/core/ledger.ts), and hints are published a second later, ms. */
const coolDownMs = 62_000

export async function checkCapacity(world: World): Promise<void> {
  if (world.copies.any) return
  const inside = insiders(world)
  // what hosts own that are away, or not known to be down, is nobody's
  if (world.hosts.some(other => other.gone && other.peer === undefined && !isHeired(world, other))) return
  const host = world.random.pick(inside.filter(({ ready }) => ready))
  const { peer } = host ?? {}
  if (!host || !peer) return
  const { view } = peer.replica
  if (view.removals().some(({ outcome }) => outcome !== 'cancelled') || inside.length !== view.members().length) return
  const network = world.random.pick(
    view
      .networks()
      .filter(
        ({ id, spec }) => spec.subnet.length >= 28 && view.blockRange(id, 0).first === view.blockRange(id, 0).last,
      )
      .filter(({ id, status, into }) => status === 'live' && into === undefined && view.reserved(id).length === 0),
  )
  if (!network) return
  const endMs = world.time.nowMs + coolDownMs
  await world.run(() => world.time.nowMs >= endMs)
  const { first, last } = network.spec.subnet
  const free = last - first + 1 - view.endpoints(network.id).length
  world.history.note(`${host.name} asks for all ${free} free addresses of ${network.id.slice(0, 6)}`)
  const given: Holding[] = []
  let isDone = false
  const takeAll = async () => {
    while (given.length <= free) {
      const holding = await allocate(world, host, peer, network.id)
      if (!holding) break
      given.push(holding)
    }
    if (given.length !== free) {
      world.violate(
        'promise 4',
        `${host.name} got ${given.length} of ${free} free addresses of ${network.id.slice(0, 6)}`,
      )
    }
    for (const holding of given) await release(world, host, peer, holding)
    isDone = true
  }
  void takeAll()
  await world.run(() => isDone)
}

function isHeired(world: World, host: Host): boolean {
  return insiders(world).every(({ peer }) => peer?.replica.view.member(host.signer.key) === undefined)
}

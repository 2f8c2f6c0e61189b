/** Addresses are reserved ahead of a split: who keeps one gets it on its side, whoever else is there (R6). */
import { liveNetworks } from '../../../src/api/lookup.ts'
import type { Network, RegistryView } from '../../../src/crdt/registry-view.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { isInPool, poolsOn } from '../checks/pools.ts'
import { containerUp } from '../docker.ts'
import type { Way } from '../links.ts'
import { isIll } from '../world.ts'
import type { Deed, Turn } from './deed.ts'

export const reservingDeeds: Record<string, Deed> = {
  /** `skein ip reserve`, then the host is cut off from all, then `docker run --ip`. */
  reserveAhead: {
    weight: 0.6,
    absent: 0.5,
    async run(turn) {
      const { world, host, peer, random } = turn
      const network = random.pick(liveNetworks(peer.replica.view))
      if (!network) return false
      const { first, last } = network.spec.subnet
      const ip = first + random.below(last - first + 1)
      await peer.ipam.reserve(network.id, ip)
      const mend = world.network.cut(waysOf(turn))
      world.history.note(`${host.name} is cut off, with ${formatIp(ip)} reserved`)
      world.time.after(random.spread(5000, 30_000), mend)
      await world.time.sleep(random.spread(10, 4000), peer.life)
      const isDue = mayHave(turn, network, ip)
      const container = await containerUp(world, host, network.id, { ip })
      if (container) return true
      if (isDue && mayHave(turn, network, ip)) {
        world.violate('promise 4', `${host.name} was refused ${formatIp(ip)}, which it keeps for itself`)
      }
      return false
    },
  },
}

function waysOf({ world, host }: Turn): Way[] {
  const others = world.hosts.filter(other => other !== host)
  return others.flatMap((other): Way[] => [
    [other.name, host.name],
    [host.name, other.name],
  ])
}

/** True unless something keeps the host from handing its address out that it knows of. */
function mayHave({ world, host, peer }: Turn, { id }: Network, ip: number): boolean {
  const { view, self, fenced } = peer.replica
  if (fenced || isIll(host.disk) || host.peer !== peer || !host.ready || !isKept(view, self, id, ip)) return false
  const network = view.network(id)
  const isOpen = network?.status === 'live' && network.into === undefined
  const isHeld = view.holders(id, ip).length > 0 || peer.ipam.held(id).includes(ip)
  const isTaken = isHeld || world.addresses.wasFreed(id, ip)
  return isOpen && !isTaken && !poolsOn(view, id).some(group => isInPool(group, ip)) && !world.copies.has(self)
}

function isKept(view: RegistryView, self: PeerKey, network: string, ip: number): boolean {
  const address = view.address(network, ip)
  const isOwn = address?.owner === self && !address.quarantined && view.reservedBy(network, ip) === self
  return isOwn && view.member(self)?.settled === true
}

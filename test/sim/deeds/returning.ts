/** Fenced hosts come back: with a token, as somebody else, or in the place of their own key (R8, R9). */
import { errorText, SkeinError } from '../../../src/lib/errors.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { isNobodys, rejoin, succeed } from '../departures.ts'
import type { Host } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { World } from '../world.ts'
import type { Deed } from './deed.ts'

export const returningDeeds: Record<string, Deed> = {
  /** A host that was removed, rolled back or cloned joins under a new key; its containers run on. */
  joinAgain: {
    weight: 0.5,
    absent: 0.7,
    async run({ world }) {
      const host = world.readyHosts().find(({ peer, flows }) => peer?.replica.fenced && flows === 0)
      if (!host) return false
      // not within this deed: it lasts as long as nobody lets the host in
      void rejoin(world, host).then(() => world.count('joined again'))
      return true
    },
  },
  /** `skein peer rejoin`, on a host whose key no other machine has: that is what its operator says by it. */
  comeBack: {
    weight: 1,
    absent: 0.4,
    async run({ world }) {
      const host = world.readyHosts().find(({ peer, flows, signer }) => {
        const isOnly = world.hosts.filter(other => other.signer.key === signer.key).length === 1
        return peer?.replica.fenced && peer.replica.maySucceed && flows === 0 && isOnly
      })
      // not within this deed: the host may be another, and ends with its process
      if (host) void comeBack(world, host)
      return host !== undefined
    },
  },
  /** `skein peer rm KEY --key-is-lost`, on the host that stands in its place. */
  keyIsLost: {
    weight: 0.5,
    absent: 0.5,
    async run({ world, random }) {
      const sayings = world.readyHosts().flatMap(host => {
        const { peer } = host
        return peer && !peer.replica.fenced ? lostKeys(world, host, peer).map(key => ({ host, peer, key })) : []
      })
      const saying = random.pick(sayings)
      // not within this deed: the host is another, and ends with its process
      if (saying) void sayInTurn(world, saying)
      return saying !== undefined
    },
  },
}

async function comeBack(world: World, host: Host): Promise<void> {
  const { peer } = host
  host.flows++
  try {
    await succeed(world, host)
  } catch (error) {
    if (!(error instanceof SkeinError)) {
      world.violate('promise 4', `${host.name} comes back: ${error instanceof Error ? error.stack : error}`)
    }
    world.count('coming back refused')
    world.history.note(`${host.name} has not come back: ${errorText(error)}`)
  }
  if (host.peer === peer) host.flows--
}

/** Keys that this host had, no other ever, and that the mesh still counts on. */
export function lostKeys(world: World, host: Host, { replica: { view } }: Peer): PeerKey[] {
  const isUnsaid = (key: PeerKey) =>
    view
      .removals()
      .some(
        ({ outcome, assertedAt, targets }) =>
          outcome !== 'cancelled' && !assertedAt && targets.some(each => each.key === key),
      )
  const isOwn = (key: PeerKey) => world.hosts.every(other => other === host || !other.abandoned.includes(key))
  return host.abandoned.filter(
    key => isNobodys(world, key) && isOwn(key) && (view.member(key) !== undefined || isUnsaid(key)),
  )
}

async function sayInTurn(world: World, { host, peer, key }: { host: Host; peer: Peer; key: PeerKey }): Promise<void> {
  host.flows++
  try {
    await sayLost(world, host, peer, key)
    world.count('key said to be lost')
  } catch (error) {
    if (!(error instanceof SkeinError)) {
      world.violate(
        'promise 4',
        `${host.name} says that a key is lost: ${error instanceof Error ? error.stack : error}`,
      )
    }
    world.count('key refused to be said lost')
    world.history.note(`${host.name} could not: ${errorText(error)}`)
  }
  if (host.peer === peer) host.flows--
}

export async function sayLost(world: World, host: Host, { replica, removal }: Peer, key: PeerKey): Promise<void> {
  world.history.note(`${host.name} says that its key ${key.slice(0, 8)} is lost`)
  world.doubt([key])
  // as src/api/peers.ts does
  const isPending = replica.view
    .removals()
    .some(({ outcome, targets }) => outcome === 'undecided' && targets.some(each => each.key === key))
  if (isPending || !replica.view.member(key)) await removal.assertDown([key], 'lost')
  else await removal.start([key], 1, 'lost')
}

/** A host gives its key up: it has left, was removed, or its data directory is not the newest of its key. */
import { SkeinError } from '../../src/lib/errors.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import { addressOf, type Host } from './host.ts'
import { dieHost, startHost } from './lifecycle.ts'
import type { World } from './world.ts'

/** The host is out of the mesh. It joins again after a while, as somebody whom nobody knows, or is switched off. */
export function depart(world: World, host: Host, backInMs: number | undefined): void {
  dieHost(world, host, 'kill')
  newKey(world, host, [])
  if (backInMs === undefined) {
    host.gone = true
    world.history.note(`${host.name} is away for good`)
    return
  }
  world.time.after(backInMs, () => {
    if (!host.life) void startHost(world, host)
  })
}

/** `skein join TOKEN` on a host that is fenced: a new key, and its containers run on. Resolves when it serves. */
export async function rejoin(world: World, host: Host): Promise<void> {
  const isOff = host.peer?.replica.isOffForGood === true
  world.doubt([host.signer.key])
  await host.peer?.replica.seal()
  dieHost(world, host, 'kill')
  newKey(world, host, isOff ? [host.signer.key, ...host.former] : host.former)
  await startHost(world, host)
}

/** `skein peer rejoin` on a host whose data directory is older than others know: a new key in the place of the old one (R8). */
export async function succeed(world: World, host: Host): Promise<void> {
  const { peer, signer: former, name } = host
  if (!peer) return
  const { replica } = peer
  // as src/agent/coming-back.ts has it on disk: whoever asks again asks with the same key
  const next = host.comingBack ?? world.signatures.signerOf(host.random.bytes(32))
  const isBegun = host.comingBack !== undefined && replica.view.succeededBy(replica.self) === next.key
  if (!replica.maySucceed && !isBegun) throw replica.fenced ?? new SkeinError('conflict', 'it need not come back')
  host.comingBack = next
  world.promises.comesBack(former.key, next.key)
  const introductions = await peer.rejoining
    .succeed(former, { signer: next, name, addresses: [addressOf(name)], places: [name], machine: '' })
    .catch(error => {
      if (error instanceof SkeinError && error.code === 'forbidden') host.comingBack = undefined
      throw error
    })
  await replica.seal()
  dieHost(world, host, 'kill')
  newKey(world, host, host.former, next)
  host.membership = { meshId: replica.view.meshId, introductions }
  world.count('succeeded its own key')
  await startHost(world, host)
}

/** No machine has the key, nor ever will again. */
export function isNobodys(world: World, key: PeerKey): boolean {
  return world.hosts.every(({ signer }) => signer.key !== key)
}

function newKey(world: World, host: Host, former: Host['former'], signer?: Host['signer']): void {
  host.abandoned.push(host.signer.key)
  host.former = former
  host.signer = signer ?? world.signatures.signerOf(host.random.bytes(32))
  host.comingBack = undefined
  host.membership = undefined
  host.isFounder = false
  world.history.note(`${host.name} gets a new key, ${host.signer.key.slice(0, 8)}`)
  const inUse = new Set([...host.containers.values()].map(container => container.holding))
  world.addresses.restored(host.name, holding => inUse.has(holding))
  world.durability.forget(host.name)
}

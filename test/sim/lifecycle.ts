/** Hosts come and go: founding, joining, starting, stopping, dying. */
import { meshIdOf } from '../../src/crdt/identity.ts'
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import type { Invitation } from '../../src/mesh/transport.ts'
import { found } from '../../src/replica/admission.ts'
import { joinMesh } from '../../src/replica/join.ts'
import { checkNote } from './checks/note.ts'
import { reconcile, reconcileLater } from './docker.ts'
import { addressOf, type Host } from './host.ts'
import { buildPeer } from './peer.ts'
import type { Life } from './virtual-clock.ts'
import { isIll, type World } from './world.ts'

const nonce = new Uint8Array(16)
const joinLimitMs = 5000
/** A joiner that was not answered asks again; after so many attempts its operator takes a token of another host. */
const attemptsPerToken = 4

/** Starts the host's process: joins first if it has to. Resolves when it serves, or never when it dies before. */
export async function startHost(world: World, host: Host): Promise<void> {
  if (host.gone) return
  if (host.life) throw new Error(`${host.name} is running`)
  const life: Life = { alive: true }
  host.life = life
  world.history.note(`${host.name} starts`)
  if (host.isFounder) host.membership = { meshId: meshIdOf(host.signer.key, nonce), introductions: [] }
  const membership = host.membership ?? (await joinFrom(world, host, life))
  host.membership = membership
  try {
    await bringUp(world, host, life)
  } catch (error) {
    if (!isIll(host.disk)) world.violate('I3', `${host.name} does not start: ${errorText(error)}`)
    else dieHost(world, host, 'kill')
  }
}

async function bringUp(world: World, host: Host, life: Life): Promise<void> {
  const peer = await buildPeer(world, host, life)
  const { replica, mesh, admission, removal, returning, ipam } = peer
  const vector = replica.vector()
  world.history.note(`${host.name} has read its own ${vector.get(host.signer.key)?.[0]?.counter ?? 0}`)
  world.durability.returned(host.name, host.signer.key, vector)
  world.copies.newest(host.life, host.signer.key, vector)
  if (!replica.fenced) world.addresses.returned(host.name, network => ipam.held(network))
  checkNote(world, host, peer)
  host.peer = peer
  replica.onChange(() => world.changed(host))
  world.changed(host)
  if (host.isFounder) await found(replica, nonce, host.name, [addressOf(host.name)])
  if (!replica.view.member(replica.self)) mesh.setMembers(host.membership?.introductions ?? [])
  admission.start()
  removal.begin()
  returning.begin()
  replica.start()
  await mesh.start()
  await reconcile(world, host, peer)
  peer.registered()
  await returning.cleared()
  ipam.start()
  host.ready = true
  reconcileLater(world, host, peer)
  world.history.note(`${host.name} is up`)
}

/** Joins through some host within reach, with as many attempts and tokens as it takes. */
async function joinFrom(world: World, host: Host, life: Life): Promise<NonNullable<Host['membership']>> {
  const self = { name: host.name, addresses: [addressOf(host.name)] }
  for (;;) {
    const invitation = await inviteFor(world, host)
    for (let attempt = 0; invitation && attempt < attemptsPerToken; attempt++) {
      try {
        const requestJoin = world.network.joinerAt(host.name, life)
        const introductions = await joinMesh(requestJoin, invitation, host.signer, self, joinLimitMs)
        world.history.note(`${host.name} is admitted`)
        world.count('host admitted')
        return { meshId: invitation.meshId, introductions }
      } catch (error) {
        world.history.note(`${host.name} is not admitted: ${errorText(error)}`)
        if (error instanceof SkeinError && error.code === 'forbidden') break
      }
    }
    await world.time.sleep(host.random.between(100, 2000), life)
  }
}

async function inviteFor(world: World, host: Host): Promise<Invitation | undefined> {
  const { random } = host
  const old = random.pick(world.tokens)
  // nobody tries the token of a host of which all know that it is gone: only its issuer redeems it
  if (old && random.chance(0.5) && hasIssuer(world, old)) return old
  const issuer = random.pick(world.readyHosts().filter(other => world.network.links.linked(other.name, host.name)))
  if (!issuer?.peer) return undefined
  const ttlMs = random.chance(0.2) ? 200 : 600_000
  const uses = random.chance(0.3) ? 2 + random.below(3) : 1
  try {
    // the operator gives up when that host dies under his command
    const limit = world.time.sleep(20_000).then(() => undefined)
    const token = await Promise.race([issuer.peer.admission.invite(ttlMs, [addressOf(issuer.name)], uses), limit])
    if (token && uses > 1) world.tokens.push(token)
    return token
  } catch (error) {
    world.history.note(`${issuer.name} gives no invitation: ${errorText(error)}`)
    return undefined
  }
}

/** False if the machine that the token leads to has the issuer's key no more. */
function hasIssuer(world: World, { issuer, addresses }: Invitation): boolean {
  return world.hosts.some(
    ({ name, signer, gone }) => signer.key === issuer && !gone && addresses.includes(addressOf(name)),
  )
}

/** `kill`: the process dies and its containers run on. `power`: they die too, and unsynced data is lost. */
export function dieHost(world: World, host: Host, how: 'kill' | 'power'): void {
  if (!host.life) return
  world.history.note(`${host.name} dies: ${how}`)
  host.life.alive = false
  end(world, host)
  if (how === 'power') {
    host.containers.clear()
    host.disk.losePower()
    host.witness.losePower()
  } else {
    host.disk.kill()
    host.witness.kill()
  }
  const inUse = new Set([...host.containers.values()].map(container => container.holding))
  world.addresses.died(host.name, holding => inUse.has(holding))
}

/** The host burns down, with what it held and nobody else had seen. */
export function loseForGood(world: World, host: Host): void {
  if (host.gone) return
  dieHost(world, host, 'power')
  host.containers.clear()
  host.gone = true
  world.history.note(`${host.name} is gone for good`)
  world.doubt([host.signer.key])
  world.addresses.forget(host.name)
}

/** SIGTERM. */
export async function stopHost(world: World, host: Host): Promise<void> {
  const { peer, life } = host
  if (!peer || !life || !host.ready) return
  world.history.note(`${host.name} stops`)
  host.ready = false
  await peer.ipam.stop()
  peer.removal.stop()
  peer.returning.stop()
  peer.admission.stop()
  await peer.mesh.stop()
  await peer.replica.stop()
  // not in the turn in which others learn that their last write is durable
  world.time.after(0, () => host.life === life && dieHost(world, host, 'kill'))
}

function end(world: World, host: Host): void {
  if (host.life) world.network.detach(host.life)
  world.ownership.gone(host.name)
  host.life = undefined
  host.peer = undefined
  host.ready = false
  host.flows = 0
  host.busy.clear()
}

/** A peer without Docker and kernel: the shipped replica and admission on a memory disk and a memory mesh. */
import { meshIdOf } from '../../src/crdt/identity.ts'
import { newSeed, type PeerKey, type Signer, signerOf, verifySignature } from '../../src/lib/keys.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { type Admission, createAdmission, found } from '../../src/replica/admission.ts'
import { createReplica } from '../../src/replica/create.ts'
import { joinMesh } from '../../src/replica/join.ts'
import { createLeavingService, type LeavingService } from '../../src/replica/leaving.ts'
import { createRejoinService, type RejoinService } from '../../src/replica/rejoin.ts'
import { createRemovalService, type RemovalService } from '../../src/replica/removal.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { createReturnService, type ReturnService } from '../../src/replica/return.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import type { Disk } from '../../src/store/disk.ts'
import { createMemoryDisk } from '../../src/store/memory-disk.ts'
import type { MemoryHub, MemoryMesh } from './memory-mesh.ts'

export interface MemoryPeer {
  name: string
  signer: Signer
  disk: Disk
  mesh: MemoryMesh
  replica: Replica
  admission: Admission
  removal: RemovalService
  leaving: LeavingService
  returning: ReturnService
  rejoining: RejoinService
  stop(): Promise<void>
}

const log = silentLogger

async function build(
  hub: MemoryHub,
  name: string,
  signer: Signer,
  meshId: string,
  disk: Disk,
  former: readonly PeerKey[] = [],
): Promise<MemoryPeer> {
  const mesh = hub.join(signer.key)
  const base = { signer, verify: verifySignature, clock: hub.clock, log }
  const { rewriting } = hub
  const shared = { ...base, meshId, disk, openJournal, rewriting, random: Math.random }
  const replica = await createReplica({ ...shared, transport: mesh })
  const admission = createAdmission({ ...base, replica, mesh, newSeed })
  const removal = createRemovalService({ replica, mesh, former, log })
  const leaving = createLeavingService({ ...base, replica, mesh, removal })
  const returning = createReturnService({ ...base, replica, mesh })
  const rejoining = createRejoinService({ ...base, replica, mesh })
  const stop = async () => {
    removal.stop()
    returning.stop()
    admission.stop()
    await mesh.stop()
    await replica.stop()
  }
  return { name, signer, disk, mesh, replica, admission, removal, leaving, returning, rejoining, stop }
}

async function start(peer: MemoryPeer): Promise<MemoryPeer> {
  peer.admission.start()
  peer.removal.begin()
  peer.returning.begin()
  peer.replica.start()
  await peer.mesh.start()
  return peer
}

/** The first peer of a new mesh. */
export async function foundPeer(hub: MemoryHub, name: string, seed = newSeed()): Promise<MemoryPeer> {
  const signer = signerOf(seed)
  const nonce = new Uint8Array(16)
  const peer = await build(hub, name, signer, meshIdOf(signer.key, nonce), createMemoryDisk())
  await found(peer.replica, nonce, name, [`${name}:7373`])
  return start(peer)
}

/**
 * A further peer, invited and admitted by `via`; not yet settled when it resolves.
 * @param former keys that its host gave up when it was removed
 */
export async function joinPeer(
  hub: MemoryHub,
  name: string,
  via: MemoryPeer,
  seed = newSeed(),
  former: readonly PeerKey[] = [],
): Promise<MemoryPeer> {
  const signer = signerOf(seed)
  const invitation = await via.admission.invite(60_000, [`${via.name}:7373`])
  const self = { name, addresses: [`${name}:7373`] }
  const members = await joinMesh((i, request) => hub.requestJoin(i, request), invitation, signer, self, 5000)
  const peer = await build(hub, name, signer, invitation.meshId, createMemoryDisk(), former)
  peer.mesh.setMembers(members)
  return start(peer)
}

/** The same peer again, from its disk or from another, such as an old copy. */
export async function restartPeer(hub: MemoryHub, peer: MemoryPeer, disk = peer.disk): Promise<MemoryPeer> {
  return start(await build(hub, peer.name, peer.signer, peer.replica.view.meshId, disk))
}

/** The peer under another key, which its own signs in; the old process is stopped. */
export async function comeBack(hub: MemoryHub, peer: MemoryPeer, seed: Uint8Array): Promise<MemoryPeer> {
  const { name } = peer
  const signer = signerOf(seed)
  const successor = { signer, name, addresses: [`${name}:7373`], places: [name], machine: '' }
  const members = await peer.rejoining.succeed(peer.signer, successor)
  await peer.stop()
  return startSuccessor(hub, peer, { seed, introductions: members })
}

/** The process of the new key, once the one of the old is stopped. */
export async function startSuccessor(
  hub: MemoryHub,
  { name, replica }: MemoryPeer,
  { seed, introductions }: { seed: Uint8Array; introductions: Parameters<MemoryMesh['setMembers']>[0] },
  disk: Disk = createMemoryDisk(),
): Promise<MemoryPeer> {
  const next = await build(hub, name, signerOf(seed), replica.view.meshId, disk)
  next.mesh.setMembers(introductions)
  return start(next)
}

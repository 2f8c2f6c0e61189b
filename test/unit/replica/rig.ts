/** A single replica with its disk and a transport that notes what is sent, for tests of one peer. */
import { meshIdOf } from '../../../src/crdt/identity.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import { type PeerKey, type Signer, signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import type { RequestHandler, Transport } from '../../../src/mesh/transport.ts'
import { found } from '../../../src/replica/admission.ts'
import { createReplica } from '../../../src/replica/create.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import type { Disk } from '../../../src/store/disk.ts'

export const nonce = new Uint8Array(16)
export const seedAt = (byte: number) => new Uint8Array(32).fill(byte)

/** Sends nowhere; `hear` plays a broadcast of someone else. */
export interface DeafTransport extends Transport {
  readonly sent: Uint8Array[]
  hear(from: PeerKey, bytes: Uint8Array): void
  handler(protocol: string): RequestHandler
}

export function deafTransport(self: PeerKey): DeafTransport {
  const sent: Uint8Array[] = []
  const handlers = new Map<string, RequestHandler>()
  const listeners: ((from: PeerKey, bytes: Uint8Array) => void)[] = []
  return {
    self,
    sent,
    connected: () => [],
    broadcast: bytes => void sent.push(bytes),
    request: () => Promise.reject(new Error('nobody is connected')),
    handle: (protocol, handler) => void handlers.set(protocol, handler),
    onBroadcast: listener => void listeners.push(listener),
    onConnect: () => undefined,
    onDisconnect: () => undefined,
    reconnect: () => undefined,
    setMembers: () => undefined,
    hear: (from, bytes) => {
      for (const listener of listeners) listener(from, bytes)
    },
    handler: protocol => handlers.get(protocol) ?? (() => Promise.reject(new Error(`no handler of ${protocol}`))),
  }
}

export interface Rig {
  signer: Signer
  meshId: string
  transport: DeafTransport
  replica: Replica
}

/** The replica of the peer with this seed in the mesh that seed 1 founded, from its disk. */
export async function openRig(disk: Disk, seedByte = 1, clock: Clock = systemClock): Promise<Rig> {
  const signer = signerOf(seedAt(seedByte))
  const transport = deafTransport(signer.key)
  const meshId = meshIdOf(signerOf(seedAt(1)).key, nonce)
  const replica = await createReplica({
    ...{ meshId, signer, disk, openJournal, transport, clock },
    verify: verifySignature,
    random: Math.random,
    log: silentLogger,
  })
  return { signer, meshId, transport, replica }
}

/** The same, and it has founded its mesh. */
export async function foundRig(disk: Disk, clock: Clock = systemClock): Promise<Rig> {
  const rig = await openRig(disk, 1, clock)
  await found(rig.replica, nonce, 'host1', ['10.0.0.1:7373'])
  return rig
}

export const tenant = (name: string): Leaf => ({ kind: 'tenant', name })

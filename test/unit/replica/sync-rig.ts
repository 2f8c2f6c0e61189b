/** Peers that hold batches of many writers and do nothing but exchange them: the shipped exchange, intake and log, without a registry. */
import { openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { type Vector, vectorHash } from '../../../src/crdt/vector.ts'
import { sha256, toHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import { type PeerKey, verifySignature } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { Agreement } from '../../../src/replica/agreement.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Exchange } from '../../../src/replica/exchange.ts'
import { Intake } from '../../../src/replica/intake.ts'
import type { Shown } from '../../../src/replica/orphans.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import type { MemoryHub, MemoryMesh } from '../../support/memory-mesh.ts'
import { signerFrom, Writer } from '../crdt/writer.ts'

export const meshId = 'ab'.repeat(16)

/** The smallest record that there is in use, so that what is beside the records weighs most. */
export const smallLeaf = (number: number): Leaf => ({ kind: 'tenant', name: `t${number}` })

/** An endpoint's record, about 200 bytes. */
export const largeLeaf = (number: number): Leaf => ({
  ...{ kind: 'endpoint', id: `${number}`.padStart(64, '0'), network: 'cd'.repeat(32), ip: number },
  ...{ mac: '02:02:00:00:00:01', container: 'c'.repeat(64), containerName: `web-${number}` },
})

/** Writers whose keys lie as keys do: everywhere. Each has written twice. */
export function writersOf(count: number): Writer[] {
  const time = { ms: 1000 }
  return Array.from({ length: count }, (_, i) => {
    const writer = new Writer(signerFrom(sha256(new Uint8Array([1, i >> 8, i & 0xff]))), meshId, time)
    writer.write([smallLeaf(i)])
    writer.write([smallLeaf(count + i)])
    return writer
  })
}

export interface SyncPeer {
  readonly key: PeerKey
  readonly mesh: MemoryMesh
  readonly log: BatchLog
  readonly exchange: Exchange
  readonly agreement: Agreement
  /** What it says that its state is; nothing at first. */
  readonly state: { digest: string | undefined }
  /** What others were seen to hold. */
  readonly sights: Vector[]
  /** What it gives others as orphaned units, and was given; the writers whose other units it would have given besides. */
  readonly orphans: { readonly held: Shown[]; readonly given: Uint8Array[]; readonly besides: PeerKey[] }
  /** Takes in what the writers have written so far. */
  hold(parts: readonly Part[]): void
}

/** @param clock of what is said of its state */
export function syncPeer(hub: MemoryHub, key: PeerKey, clock: Clock = systemClock): SyncPeer {
  const mesh = hub.join(key)
  const log = new BatchLog()
  const hold = (parts: readonly Part[]) => {
    for (const part of parts) if (log.standing(part) !== 'known') put(log, part)
  }
  const intake = new Intake({
    ...{ self: key, log, verify: verifySignature, logger: silentLogger },
    registry: { meshId, mayWrite: () => true },
    journal: async () => undefined,
    applied: () => undefined,
    mayTake: () => true,
    add: part => put(log, part),
    unknownOwn: () => undefined,
    wrongSignature: () => undefined,
  })
  const orphans = { held: [] as Shown[], given: [] as Uint8Array[], besides: [] as PeerKey[] }
  const state: { digest: string | undefined } = { digest: undefined }
  const agreement = new Agreement({
    ...{ log, isMember: () => true, unwritten: () => 0, clock, logger: silentLogger },
    registry: { everybodysDigest: () => state.digest },
  })
  const exchange = new Exchange(
    { transport: mesh, clock: systemClock, random: () => 0.5, log: silentLogger },
    {
      log,
      agreement,
      orphans: {
        all: () => orphans.held,
        besides: writers => {
          orphans.besides.push(...writers)
          return []
        },
        contested: () => [],
        hash: () => sha256(encode(orphans.held.map(({ signature }) => signature))),
        version: () => `${orphans.held.length}`,
      },
      contests: { connected: () => undefined, owedTo: () => [], owes: () => false },
      adopt: async (_, units) => void orphans.given.push(...units),
      completeness: { isComplete: true, begin: () => undefined, look: async () => undefined },
      right: { isOutdated: false, close: async () => undefined },
      receive: (from, batches) => intake.receive(from, batches),
    },
  )
  const sights: Vector[] = []
  exchange.onShown((_, vector) => void sights.push(vector))
  return { key, mesh, log, exchange, agreement, state, sights, orphans, hold }
}

function put(log: BatchLog, part: Part): void {
  const unit = unitOf(openPart(part.bytes))
  if (unit.compact && log.within(unit.writer, unit.first, unit.last).length > 0) log.replace(unit)
  else log.add(unit)
}

/** Connects them; both synchronise, as ever on connect. Resolves when neither asks anything any more. */
export async function meet(...peers: Pick<SyncPeer, 'key' | 'mesh'>[]): Promise<void> {
  let asked = 0
  for (const { mesh } of peers) {
    const request = mesh.request.bind(mesh)
    mesh.request = (...of) => {
      asked++
      return request(...of)
    }
    mesh.setMembers(peers.map(({ key }) => ({ key })))
  }
  // one turn carries a request; the answer is there within the same
  const quietTurns = 20
  for (let [quiet, before] = [0, -1]; quiet < quietTurns; quiet++) {
    if (before !== asked) quiet = 0
    before = asked
    await new Promise(resolve => setImmediate(resolve))
  }
}

export const hashOf = ({ log }: Pick<SyncPeer, 'log'>) => toHex(vectorHash(log.vector()))

/** The bytes that must never change by accident, made from fixed contents: what golden/ holds. */

import { soundAddressChain } from '../../../src/crdt/addresses.ts'
import { makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import { soundChain } from '../../../src/crdt/blocks.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, makeUnit } from '../../../src/crdt/compact-unit.ts'
import {
  admissionProof,
  groupIdOf,
  joinProof,
  machineOf,
  meshIdOf,
  networkIdOf,
  ruleHashOf,
  successionProof,
} from '../../../src/crdt/identity.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { vectorHash, vectorToPlain } from '../../../src/crdt/vector.ts'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { selectionOf } from '../../../src/replica/journal-selection.ts'
import { restatement } from '../../../src/replica/restated.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { dualStackAct, ruleOfIpv6, sampleLeaves } from '../crdt/sample-leaves.ts'
import { signerAt } from '../crdt/writer.ts'
import type { Golden } from './golden.ts'

const meshId = 'ab'.repeat(16)
const [keyA, keyB] = ['aa'.repeat(32), 'bb'.repeat(32)]

export function leafBytes(): Golden {
  return Object.fromEntries(Object.values(sampleLeaves).map(leaf => [leaf.kind, toHex(encodeLeaf(leaf as Leaf))]))
}

export function idBytes(): Golden {
  return {
    mesh: meshIdOf(keyA, new Uint8Array(16).fill(7)),
    network: networkIdOf(sampleLeaves.network),
    'network with IPv6': networkIdOf(dualStackAct),
    'act of a network with IPv6': toHex(encodeLeaf(dualStackAct)),
    group: groupIdOf(sampleLeaves.group),
    'value of a rule': ruleHashOf(sampleLeaves.rule.value),
    'value of a rule with IPv6 addresses': ruleHashOf(ruleOfIpv6),
    'admission proof': toHex(admissionProof(meshId, keyB, 'host2')),
    'succession proof': toHex(successionProof(meshId, keyA, keyB, 'host2')),
    machine: machineOf(meshId, '0123456789abcdef0123456789abcdef\n'),
    'join proof': toHex(joinProof(meshId, keyA, 'host2')),
    transfer: signedTransfer(),
    'address transfer': signedAddressTransfer(),
  }
}

/** What a giver signs. */
function signedTransfer(): string {
  let signed = new Uint8Array()
  soundChain(meshId, sampleLeaves.block, { writer: keyB, counter: 9 }, (key, bytes) => {
    if (key === keyB) signed = new Uint8Array(bytes)
    return true
  })
  return toHex(signed)
}

function signedAddressTransfer(): string {
  let signed = new Uint8Array()
  soundAddressChain(meshId, sampleLeaves.address, { writer: keyA, counter: 8 }, (_, bytes) => {
    signed = new Uint8Array(bytes)
    return true
  })
  return toHex(signed)
}

function batches() {
  const signer = signerAt(1)
  const base = { meshId, first: 1, previous: noBatch, hlc: [1_764_000_000_000, 0] as const }
  const one = makeBatch(signer, { ...base, leaves: [encodeLeaf(sampleLeaves.tenant), encodeLeaf(sampleLeaves.free)] })
  const leaves = [encodeLeaf(sampleLeaves.network)]
  const two = makeBatch(signer, { ...base, first: 3, previous: one.hash, hlc: [1_764_000_000_000, 1], leaves })
  return [one, two] as const
}

export function batchBytes(): Golden {
  const [one, two] = batches()
  const vector = new Map([[one.writer, [{ counter: two.last, hash: two.hash }]]])
  return {
    first: toHex(one.bytes),
    'hash of the first': one.hash,
    second: toHex(two.bytes),
    vector: toHex(encode(vectorToPlain(vector))),
    'hash of the vector': toHex(vectorHash(vector)),
    'hash of the empty vector': toHex(vectorHash(new Map())),
  }
}

/** What is left of both batches when the first leaf goes, and the checkpoint that says so. */
export function unitBytes(): Golden {
  const parts = batches()
  const run = runOf(parts)
  if (!run) throw new Error('the batches make up no run')
  const kept = parts.flatMap(leavesOf).slice(1)
  const leaf = checkpointLeaf(signerAt(1), run, kept)
  return { unit: toHex(makeUnit(run, kept, leaf.signature).bytes), checkpoint: toHex(encodeLeaf(leaf)) }
}

/** The same once the first leaf was let go of, a fact was replaced and a network was collected; and one write more. */
export async function rewrittenBytes(): Promise<Golden> {
  const parts = batches()
  const run = runOf(parts)
  if (!run) throw new Error('the batches make up no run')
  const kept = parts.flatMap(leavesOf).slice(1)
  const log = new BatchLog()
  log.add(unitOf(makeUnit(run, kept, checkpointLeaf(signerAt(1), run, kept).signature)))
  const disk = createMemoryDisk()
  await disk.replace('journal', fromHex((await journalBytes()).journal ?? ''))
  const { journal } = await openJournal(disk, 'journal')
  await journal.append([{ kind: 'local', bytes: encode(['vni/12', '8388610']) }])
  await journal.rewrite(selectionOf({ log, compactor: { hasExpelled: () => false }, collected: ['cd'.repeat(32)] }))
  await journal.append([{ kind: 'local', bytes: encode(['vni/13', '8388611']) }])
  await journal.close()
  return { rewritten: toHex((await disk.read('journal')) ?? new Uint8Array()) }
}

/** The same as `journalBytes`, and then that all of this writer is put together anew: a unit is what is left of both batches. */
export async function restatedBytes(): Promise<Golden> {
  const disk = createMemoryDisk()
  await disk.replace('journal', fromHex((await journalBytes()).journal ?? ''))
  const { journal } = await openJournal(disk, 'journal')
  const unit = fromHex(unitBytes().unit ?? '')
  await journal.append([
    { kind: 'local', bytes: restatement(signerAt(1).key, 1) },
    { kind: 'unit', bytes: unit },
  ])
  await journal.close()
  return { restated: toHex((await disk.read('journal')) ?? new Uint8Array()) }
}

/** A journal of two writes; the second is a group of two entries. */
export async function journalBytes(): Promise<Golden> {
  const [one, two] = batches()
  const disk = createMemoryDisk()
  const { journal } = await openJournal(disk, 'journal')
  await journal.append([{ kind: 'batch', bytes: one.bytes }])
  await journal.append([
    { kind: 'batch', bytes: two.bytes },
    { kind: 'local', bytes: encode(['vni/12', '8388609']) },
  ])
  await journal.close()
  return { journal: toHex((await disk.read('journal')) ?? new Uint8Array()) }
}

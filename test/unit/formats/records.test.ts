import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { isSigned, openBatch } from '../../../src/crdt/batch.ts'
import { isSignedPart, isUnit, openPart, openUnit } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { fromHex, toHex } from '../../../src/lib/bytes.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Restating } from '../../../src/replica/restated.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import { decodeJournal } from '../../../src/store/journal-format.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { sampleLeaves } from '../crdt/sample-leaves.ts'
import { golden } from './golden.ts'
import {
  batchBytes,
  idBytes,
  journalBytes,
  leafBytes,
  restatedBytes,
  rewrittenBytes,
  unitBytes,
} from './record-bytes.ts'

// If one of these fails, peers of the new version and of the old one no longer understand each other, or a data directory
// can no longer be read. That needs a new format version (docs/reference/wire.md), not new golden bytes.
describe('formats that stay: records and the journal', () => {
  it('writes each kind of leaf as ever, and reads it', async () => {
    const leaves = golden('leaves')
    assert.deepEqual(leafBytes(), leaves)
    for (const [kind, hex] of Object.entries(leaves)) {
      assert.deepEqual(decodeLeaf(fromHex(hex)), sampleLeaves[kind as Leaf['kind']])
    }
  })

  it('reads an endpoint without aliases or without a group, as earlier versions wrote it', async () => {
    const earlier = golden('leaves-of-earlier-versions')
    const { group: _, ...ungrouped } = sampleLeaves.endpoint
    assert.deepEqual(decodeLeaf(fromHex(earlier.endpoint ?? '')), { ...ungrouped, aliases: [] })
    assert.deepEqual(decodeLeaf(fromHex(earlier['endpoint without a group'] ?? '')), ungrouped)
  })

  it('reads a list without removals, as earlier versions wrote it', async () => {
    const { known = '' } = golden('leaves-of-earlier-versions')
    assert.deepEqual(decodeLeaf(fromHex(known)), { ...sampleLeaves.known, removals: [], ends: [], pending: [] })
  })

  it('reads a list without who is pending, as earlier versions wrote it', async () => {
    const earlier = golden('leaves-of-earlier-versions')
    const known = decodeLeaf(fromHex(earlier['known without who is pending'] ?? ''))
    assert.deepEqual(known, { ...sampleLeaves.known, pending: [] })
  })

  it('reads a peer without its machine, as earlier versions wrote it', async () => {
    const { peer = '' } = golden('leaves-of-earlier-versions')
    const { machine: _, ...earlier } = sampleLeaves.peer
    assert.deepEqual(decodeLeaf(fromHex(peer)), earlier)
  })

  it('reads writes of fields without what they cover, as earlier versions wrote them', async () => {
    const earlier = golden('leaves-of-earlier-versions')
    for (const kind of ['group-edit', 'netprofile', 'netprofile-rm', 'global'] as const) {
      const read = decodeLeaf(fromHex(earlier[`${kind} without covers`] ?? ''))
      assert.deepEqual(read, { ...sampleLeaves[kind], covers: [] })
    }
  })

  it('names meshes and networks, and makes proofs, as ever', async () => assert.deepEqual(idBytes(), golden('ids')))

  it('writes batches and vectors as ever, and reads them', async () => {
    const batches = golden('batches')
    assert.deepEqual(batchBytes(), batches)
    const [one, two] = ['first', 'second'].map(name => openBatch(fromHex(batches[name] ?? '')))
    assert.ok(one && two && isSigned(one, verifySignature) && isSigned(two, verifySignature))
    assert.equal(two.previous, one.hash)
    assert.equal(two.first, 3)
  })

  it('writes compact units and checkpoints as ever, and reads them', async () => {
    const units = golden('units')
    assert.deepEqual(unitBytes(), units)
    const unit = openUnit(fromHex(units.unit ?? ''))
    assert.ok(isSignedPart(unit, verifySignature))
    assert.deepEqual([unit.first, unit.last, unit.survivors.map(leaf => leaf.counter)], [1, 3, [2, 3]])
    assert.ok(isUnit(unit.bytes) && !isUnit(fromHex(golden('batches').first ?? '')))
    const leaf = decodeLeaf(fromHex(units.checkpoint ?? ''))
    assert.ok(leaf?.kind === 'checkpoint' && [...leaf.bitmap].join() === '6')
    assert.deepEqual(leaf.signature, unit.signature)
  })

  it('writes the journal as ever, and reads it', async () => {
    const { journal } = golden('journal')
    assert.deepEqual(await journalBytes(), { journal })
    const disk = createMemoryDisk()
    await disk.replace('journal', fromHex(journal ?? ''))
    const { entries } = await openJournal(disk, 'journal')
    const batches = golden('batches')
    assert.deepEqual(
      entries.map(entry => [entry.kind, toHex(entry.bytes)]),
      [
        ['batch', batches.first],
        ['batch', batches.second],
        ['local', toHex(encode(['vni/12', '8388609']))],
      ],
    )
  })

  it('says in the journal as ever that a writer’s parts are put together anew, and reads it', async () => {
    const { restated } = golden('restated')
    assert.deepEqual(await restatedBytes(), { restated })
    const log = new BatchLog()
    const restating = new Restating(log)
    for (const { kind, bytes } of decodeJournal(fromHex(restated ?? ''), 'journal').entries) {
      if (kind === 'local') restating.replayFact(bytes)
      else if (!restating.replay(openPart(bytes)).isTaken) log.add(unitOf(openPart(bytes)))
    }
    const held = log.writers().flatMap(writer => [...(log.missing(writer, []) ?? [])])
    assert.deepEqual(
      held.map(({ bytes }) => toHex(bytes)),
      [golden('units').unit],
    )
  })

  it('rewrites the journal as ever, in the form of every journal', async () => {
    const { rewritten } = golden('rewritten')
    assert.deepEqual(await rewrittenBytes(), { rewritten })
    const { unit } = golden('units')
    const local = (key: string, value: string) => ['local', toHex(encode([key, value]))]
    assert.deepEqual(
      decodeJournal(fromHex(rewritten ?? ''), 'journal').entries.map(entry => [entry.kind, toHex(entry.bytes)]),
      [
        local('vni/12', '8388610'),
        local(`replica/collected/${'cd'.repeat(32)}`, '1'),
        ['unit', unit],
        local('replica/rewritten', '1'),
        local('vni/13', '8388611'),
      ],
    )
  })
})

/** What a rewritten journal is made of: who reads it comes to the same as who read the old one. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { Batch } from '../../../src/crdt/batch.ts'
import { checkpointLeaf, compact, runOf } from '../../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf, openPart, type Part } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { decode, encode } from '../../../src/lib/cbor.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { partEntry } from '../../../src/replica/journal-entries.ts'
import { selectionOf } from '../../../src/replica/journal-selection.ts'
import type { JournalEntry, Selection } from '../../../src/store/journal.ts'
import { World, type Writer } from '../crdt/writer.ts'
import { compactingPeer } from './compacting-peer.ts'

const network = 'ab'.repeat(32)

/** A peer as its journal makes it. */
const peerOf = (world: World) => compactingPeer(world, 2)

type Peer = ReturnType<typeof peerOf>

function replay({ log, compactor }: Peer, entries: readonly JournalEntry[]): void {
  for (const { kind, bytes } of entries) {
    const part = kind === 'local' ? undefined : openPart(bytes)
    if (!part) continue
    if (log.standing(part) !== 'known') compactor.add(part)
    else if (!('survivors' in part && compactor.adopt(part))) continue
    compactor.look(false)
  }
  compactor.look()
}

/** The parts arrive one after the other, as far as they can be placed. */
function live(peer: Peer, parts: readonly Part[]): JournalEntry[] {
  const file: JournalEntry[] = []
  for (const part of parts) {
    if (peer.log.standing(part) !== 'next') continue
    file.push(partEntry(part))
    peer.compactor.add(part)
    peer.compactor.look()
  }
  return file
}

function rewritten(file: readonly JournalEntry[], selection: Selection): JournalEntry[] {
  for (const entry of file) selection.see(entry)
  return [...selection.first(), ...file.flatMap(entry => [...selection.instead(entry)]), selection.last]
}

const textOf = ({ kind, bytes }: JournalEntry) => `${kind} ${toHex(bytes)}`
const fact = (key: string, value: string | null): JournalEntry => ({ kind: 'local', bytes: encode([key, value]) })
const facts = (entries: readonly JournalEntry[]) =>
  entries.flatMap(({ kind, bytes }) => (kind === 'local' ? [decode(bytes, 1000)] : []))

/** A container comes and goes. */
function cycle(writer: Writer, id: string): void {
  const mac = '02:02:0a:01:02:01'
  writer.write([{ kind: 'endpoint', id, network, ip: 0x0a010201, mac, container: '', containerName: id }])
  writer.write([{ kind: 'endpoint-rm', id, network }])
}

/** Lets go of everything of its endpoints. */
function letGo(writer: Writer, batches: readonly Batch[] = writer.batches): void {
  const run = runOf(batches)
  if (!run) return
  const kept = batches.flatMap(leavesOf).filter(leaf => !decodeLeaf(leaf.bytes)?.kind.startsWith('endpoint'))
  writer.write([checkpointLeaf(writer.signer, run, kept)])
}

/** What is left of a run when its writer keeps so many of its first leaves. */
function unitOfRun(writer: Writer, batches: readonly Batch[], count: number): CompactUnit {
  const leaf = checkpointLeaf(writer.signer, runOf(batches) ?? assert.fail(), batches.flatMap(leavesOf).slice(0, count))
  const result = compact(leaf, batches, verifySignature)
  return result === 'unsound' ? assert.fail(result) : result.unit
}

const runs = 60

describe('replica: what a rewritten journal holds', function () {
  this.timeout(60_000)

  it('the newest of each fact first, networks that went, and no fact that was forgotten (I5)', () => {
    const world = new World(2)
    const file = [
      fact('a', '1'),
      fact('b', '1'),
      partEntry(world.batches[0] as Part),
      fact('a', '2'),
      fact('b', null),
      fact('replica/rewritten', '1'),
    ]
    const selection = selectionOf({ ...peerOf(world), collected: ['cd'.repeat(32)] })
    const result = rewritten(file, selection)
    assert.deepEqual(facts(result), [
      ['a', '2'],
      [`replica/collected/${'cd'.repeat(32)}`, '1'],
      ['replica/rewritten', '1'],
    ])
    assert.deepEqual(result[2], file[2])
  })

  it('what is durable since a moment, and in the log not yet', () => {
    const world = new World(3).settleAll(2)
    cycle(world.at(1), 'e')
    letGo(world.at(1))
    const peer = peerOf(world)
    const file = live(peer, world.batches)
    world.at(1).write([{ kind: 'tenant', name: 'late' }])
    const late = partEntry(world.at(1).batches.at(-1) as Part)
    const unknown = world.at(3)
    unknown.write([{ kind: 'tenant', name: 'of nobody' }])
    const newcomers = partEntry(unknown.batches[0] as Part)
    const result = rewritten([...file, late, newcomers], selectionOf({ ...peer, collected: [] }))
    assert.deepEqual(result.slice(-3, -1), [late, newcomers])
    assert.ok(result.length < file.length)
  })

  it('what is left of a run and came after its records, also where the log does not have it yet, or has more of it (I2)', () => {
    const world = new World(3).settleAll(2)
    const writer = world.at(1)
    const begun = writer.batches.length
    for (const id of ['a', 'b']) cycle(writer, id)
    const run = writer.batches.slice(begun)
    const [more, less] = [2, 0].map(count => unitOfRun(writer, run, count)) as [CompactUnit, CompactUnit]
    // something else of the writer was compacted
    cycle(writer, 'c')
    letGo(writer, writer.batches.slice(begun + run.length))
    const orders: CompactUnit[][] = [[less], [more, less], [less, more]]
    for (const arrivals of orders) {
      for (const known of arrivals.keys()) {
        const peer = peerOf(world)
        const file = live(peer, world.batches)
        for (const unit of arrivals.slice(0, known)) peer.compactor.adopt(unit)
        const selection = selectionOf({ ...peer, collected: [] })
        for (const unit of arrivals) peer.compactor.adopt(unit)
        const again = peerOf(world)
        const result = rewritten([...file, ...arrivals.map(partEntry)], selection)
        replay(again, result)
        assert.equal(again.registry.digest(), peer.registry.digest())
        assert.deepEqual(again.log.weight(), peer.log.weight())
        const twice = rewritten(result, selectionOf({ ...again, collected: [] }))
        assert.deepEqual(twice.filter(({ kind }) => kind === 'unit').length, 2)
      }
    }
  })

  it('nothing of whom only a lost history had let in (R8, I2)', () => {
    const world = new World(3).settleAll(2)
    const copy = world.at(1).copy()
    world.admit(1, 3)
    world.at(3).write([{ kind: 'tenant', name: 'of a stranger' }])
    for (const name of ['a', 'b']) copy.write([{ kind: 'tenant', name }])
    cycle(copy, 'e')
    letGo(copy)
    const peer = peerOf(world)
    const file = live(peer, [...world.batches, ...copy.batches])
    assert.deepEqual(peer.log.tips(world.at(3).key), [])
    const again = peerOf(world)
    replay(again, rewritten(file, selectionOf({ ...peer, collected: [] })))
    assert.ok(!again.registry.hasTenant('of a stranger'))
    assert.deepEqual(again.log.vector(), peer.log.vector())
    assert.equal(again.registry.digest(), peer.registry.digest())
  })

  it('the same state, vector and forks, whatever was compacted, on whichever history of a copied writer (I2, R8)', () => {
    const act = fc.record({ of: fc.nat(3), what: fc.constantFrom('tenant', 'cycle', 'cycle', 'letGo', 'letGo') })
    let shorter = 0
    fc.assert(
      fc.property(fc.array(act, { minLength: 4, maxLength: 24 }), fc.infiniteStream(fc.nat(3)), (acts, order) => {
        const world = new World(3).settleAll(2)
        const base = world.batches
        const [one, two] = [world.at(1), world.at(2)]
        const chains = [one, two, one.copy(), one.copy()]
        for (const [i, { of, what }] of acts.entries()) {
          const writer = chains[of] as Writer
          if (what === 'letGo') letGo(writer)
          else if (what === 'cycle') cycle(writer, `e${i}`)
          else writer.write([{ kind: 'tenant', name: `t${i}` }])
        }
        const rest = chains.map(chain => chain.batches.filter(batch => !base.includes(batch)))
        const arrivals: Part[] = [...base]
        while (rest.some(list => list.length > 0)) {
          const next = rest[order.next().value as number]?.shift()
          if (next) arrivals.push(next)
        }
        const peer = peerOf(world)
        const file = live(peer, arrivals)
        const result = rewritten(
          file,
          selectionOf({ ...peer, collected: peer.registry.checkpoints.collectedNetworks() }),
        )
        const again = peerOf(world)
        replay(again, result)
        assert.deepEqual(again.log.vector(), peer.log.vector())
        assert.equal(again.registry.digest(), peer.registry.digest())
        assert.deepEqual(again.log.weight(), peer.log.weight())
        for (const writer of chains)
          assert.equal(again.registry.isForked(writer.key), peer.registry.isForked(writer.key))
        // and nothing is left to leave out
        const twice = rewritten(result, selectionOf({ ...again, collected: [] }))
        assert.deepEqual(twice.map(textOf), result.map(textOf))
        if (result.length < file.length) shorter++
      }),
      { numRuns: runs },
    )
    assert.ok(shorter > runs / 5, `${shorter} of ${runs} were shorter`)
  })
})

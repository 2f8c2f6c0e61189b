/** A host of a mesh with its own registry, which holds what it was told: it does what its duties say, when the test says so. */
import assert from 'node:assert/strict'
import { owedToAdmissions } from '../../../src/crdt/admission-duty.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import type { Assertion, Leaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { aimsAt, isGoing } from '../../../src/crdt/removal-readings.ts'
import { cancelRemovalLeaves, startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import type { Hosts } from './hosts.ts'
import type { Writer } from './writer.ts'

const rounds = 20

export class Host {
  readonly number: number
  readonly view: Registry
  readonly writer: Writer
  /** It does nothing more, and its addresses are in use by nobody: what an operator asserts of it is true. */
  isDown = false
  readonly #mesh: Hosts
  /** How many batches of each writer it holds. */
  readonly #heard: number[]

  constructor(mesh: Hosts, number: number) {
    const { scene } = mesh
    this.#mesh = mesh
    this.number = number
    this.writer = scene.at(number)
    this.view = new Registry(scene.meshId, verifySignature, { self: this.writer.key })
    this.#heard = scene.writers.map(() => 0)
    this.#take(scene.writers.map(({ batches }) => batches.length))
  }

  get isMember(): boolean {
    return !this.isDown && this.view.member(this.writer.key) !== undefined
  }

  get isSettled(): boolean {
    return this.isMember && this.view.member(this.writer.key)?.settled === true
  }

  /** Numbers of those whom it waits for while it is pending. */
  get waitingFor(): number[] {
    const keys = this.view.member(this.writer.key)?.waitingFor ?? []
    return this.#mesh.all.filter(({ writer }) => keys.includes(writer.key)).map(({ number }) => number)
  }

  /** Is told what another holds, of all writers or of these. True if any of it is news. */
  hears(other: number, of?: readonly number[]): boolean {
    const held = this.#mesh.at(other).#heard
    return this.#take(held.map((count, i) => (!of || of.includes(i + 1) ? count : 0)))
  }

  letsIn(newcomer: number): void {
    this.#mesh.scene.admit(this.number, newcomer, this.view)
    this.#takeOwn()
    this.#mesh.at(newcomer).hears(this.number, [this.number])
  }

  /** Acknowledges the admissions that it owes this, and declares itself settled if it is proven. */
  admissions(): boolean {
    return this.#does(() => owedToAdmissions(this.view, this.writer.key))
  }

  /** Acknowledges the removals that it owes this, and ends its own. */
  removals(): boolean {
    return this.#does(() => owedRemovalLeaves(this.view, this.writer.key))
  }

  /** Starts a removal and takes over from its targets. False if it may not. */
  removes(targets: readonly number[], assertion: Assertion = 0): boolean {
    const keys = targets.map(number => this.#mesh.scene.at(number).key)
    try {
      this.#write(startRemovalLeaves(this.view, this.writer.key, keys, assertion))
    } catch (error) {
      if (error instanceof SkeinError) return false
      throw error
    }
    return true
  }

  /** Its operator lifts what it started and is undecided. */
  lifts(): void {
    const open = this.view.removals().filter(({ outcome }) => outcome === 'undecided')
    this.#write(open.filter(({ starter }) => starter === this.writer.key).flatMap(cancelRemovalLeaves))
  }

  /** Says that who was removed is down. */
  saysDown(target: number): void {
    const { key } = this.#mesh.scene.at(target)
    const through = this.view.removals().filter(({ outcome }) => outcome === 'effective')
    const removal = through.find(each => aimsAt(each, key)) ?? assert.fail('it is not removed')
    this.#write([{ kind: 'host-down', removal: removal.dot }])
  }

  /** Gives one of its blocks. False if it has none, or would not give this one any. */
  gives(other: number): boolean {
    const { key, signer } = this.writer
    const to = this.#mesh.scene.at(other).key
    const [block] = this.blocks
    if (block === undefined || !this.view.member(to)?.settled || isGoing(this.view, key, to)) return false
    this.#write([transferLeaf(this.view, signer, this.#mesh.scene.id, block, to, this.writer.next)])
    return true
  }

  /** Those that it may hand out addresses of. */
  get blocks(): number[] {
    const { id } = this.#mesh.scene
    if (!this.isSettled) return []
    const indexes = Array.from({ length: this.view.blockCount(id) }, (_, i) => i)
    return indexes.filter(index => {
      const block = this.view.block(id, index)
      return block?.owner === this.writer.key && !block.quarantined
    })
  }

  #does(owed: () => readonly Leaf[]): boolean {
    for (let round = 0; round < rounds; round++) {
      const leaves = this.isDown ? [] : owed()
      if (leaves.length === 0) return round > 0
      this.#write(leaves)
    }
    assert.fail('a duty that does not end')
  }

  #write(leaves: readonly Leaf[]): void {
    assert.ok(!this.isDown)
    this.writer.write(leaves)
    this.#takeOwn()
  }

  #takeOwn(): void {
    const own = this.number - 1
    this.#take(this.#heard.map((count, i) => (i === own ? this.writer.batches.length : count)))
  }

  /** As a replica does, it takes in only who may write: perhaps that is known by another's records, which come with them. */
  #take(counts: readonly number[]): boolean {
    let isNews = false
    for (let isMore = true; isMore; ) {
      isMore = false
      for (const [i, { key, batches }] of this.#mesh.scene.writers.entries()) {
        const [from, to] = [this.#heard[i] ?? 0, counts[i] ?? 0]
        if (to <= from || (i > 0 && key !== this.writer.key && !this.view.mayWrite(key))) continue
        for (const batch of batches.slice(from, to)) this.view.apply(batch)
        this.#heard[i] = to
        isMore = true
        isNews = true
      }
    }
    return isNews
  }
}

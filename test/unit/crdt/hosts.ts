/** Hosts of a mesh that each know what they were told (host.ts), and what some histories have in common. */
import assert from 'node:assert/strict'
import { Host } from './host.ts'
import { Scene } from './removal-scene.ts'

const rounds = 20

/** Hosts that are numbered from 1; the first of them are settled, and share the blocks of a network. */
export class Hosts {
  readonly scene: Scene
  readonly all: readonly Host[]

  constructor(count: number, settled: number) {
    this.scene = new Scene(count, settled)
    this.all = Array.from({ length: count }, (_, i) => new Host(this, i + 1))
  }

  at(number: number): Host {
    return this.all[number - 1] as Host
  }

  /** `giver` gives a block, and goes down with these. */
  gives(giver: number, newcomer: number, down: readonly number[]): void {
    this.at(giver).hears(newcomer)
    this.at(giver).gives(newcomer)
    this.at(newcomer).hears(giver)
    for (const number of down) this.at(number).isDown = true
  }

  /** The starter removes who is down; if it may, these acknowledge it, and it ends it. */
  carriesOut(starter: number, targets: readonly number[], voters: readonly number[]): void {
    this.at(starter).removes(targets, 1)
    for (const voter of voters) {
      this.at(voter).hears(starter)
      this.at(voter).removals()
      this.at(starter).hears(voter)
    }
    this.at(starter).removals()
  }

  /** Fails if two hold it true that they may hand out an address of one block (I1). */
  oneOwner(): void {
    const owners = new Map<number, number>()
    for (const { number, blocks } of this.all) {
      for (const block of blocks) {
        const other = owners.get(block)
        assert.equal(other, undefined, `block ${block} is owned by ${other} and ${number}`)
        owners.set(block, number)
      }
    }
  }

  /** All who are not removed are back, tell each other everything, and do what they owe until nobody owes anything. */
  comeToRest(): void {
    for (let round = 0, isMore = true; isMore; round++) {
      assert.ok(round < rounds, 'no rest')
      isMore = false
      const left = this.#left
      for (const host of left) {
        host.isDown = false
        for (const other of left) isMore = host.hears(other.number) || isMore
        isMore = host.removals() || isMore
        isMore = host.admissions() || isMore
      }
      this.oneOwner()
    }
  }

  /** Numbers of those who are settled, by what each knows of itself, and not removed. */
  get settled(): number[] {
    return this.#left.filter(({ isSettled }) => isSettled).map(({ number }) => number)
  }

  /** Who is not removed, by all records. */
  get #left(): Host[] {
    const { all } = this.scene
    return this.all.filter(({ writer: { key } }) => all.member(key) || !all.everMember(key))
  }
}

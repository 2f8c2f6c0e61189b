/** The hosts of a network that come and go, each with the shipped registry and pool: every record is everywhere at once, no disk, no timers. */
import assert from 'node:assert/strict'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { Inheritance } from '../../../src/ipam/core/inheritance.ts'
import { createLedger } from '../../../src/ipam/core/ledger.ts'
import { type Moment, Pool } from '../../../src/ipam/core/pool.ts'
import { Scene } from '../crdt/removal-scene.ts'
import type { Writer } from '../crdt/writer.ts'

export interface ChurnHost {
  /** From 1 on; no host gets one that another had. */
  readonly number: number
  readonly writer: Writer
  readonly view: Registry
  readonly pool: Pool
  readonly inheritance: Inheritance
}

export class ChurnMesh {
  readonly hosts: ChurnHost[] = []
  nowMs = 0
  readonly #scene: Scene
  readonly #read = new Map<Writer, number>()
  #revision = 0
  #entered = 0

  /** @param first hosts that the network's blocks are dealt to; `most` may ever be there */
  constructor(first: number, most: number) {
    this.#scene = new Scene(most, first, '10.1.2.0/26')
    while (this.#entered < first) this.#enter()
  }

  /** Of the network, 10.1.2.0/26. */
  get id(): string {
    return this.#scene.id
  }

  /** What everybody sees. */
  get view(): Registry {
    return this.hosts[0]?.view ?? assert.fail('no host')
  }

  get network() {
    return this.view.network(this.id) ?? assert.fail('no network')
  }

  moment({ view }: ChurnHost): Moment {
    return { view, revision: this.#revision, nowMs: this.nowMs }
  }

  write(host: ChurnHost, leaves: readonly Leaf[]): void {
    if (leaves.length === 0) return
    host.writer.write(leaves)
    this.#spread()
  }

  /** A further host: admitted, acknowledged by all, settled. */
  join(): void {
    const number = this.#entered + 1
    const [founder, ...others] = this.hosts
    const admission = this.#scene.admit(founder?.number ?? 1, number, this.view)
    this.#spread()
    const acks = others.map(acker => this.#scene.ack(acker.number, admission, acker.view))
    this.#scene.settle(number, admission, acks)
    this.#spread()
    this.#enter()
  }

  /** Takes a host out, as one that is off for good: what it still has is an heir's. */
  remove(host: ChurnHost): void {
    this.hosts.splice(this.hosts.indexOf(host), 1)
    const [starter, heir] = this.hosts
    assert.ok(starter && heir)
    const removal = this.#scene.start(starter.number, host.number, heir.number, 1, starter.view)
    this.#spread()
    for (const { number, view } of this.hosts.slice(1)) this.#scene.acknowledge(number, removal, host.number, view)
    this.#spread()
    this.#scene.declare(starter.number, removal, starter.view)
    this.#spread()
  }

  #enter(): void {
    const number = ++this.#entered
    const writer = this.#scene.at(number)
    // nobody forges here
    const view = new Registry(this.#scene.meshId, () => true, { self: writer.key })
    for (const batch of this.#scene.batches) view.apply(batch)
    for (const each of this.#scene.writers) this.#read.set(each, each.batches.length)
    const inheritance = new Inheritance(writer.key)
    inheritance.follow(view, this.nowMs)
    const pool = new Pool(writer.key, this.id, createLedger(), inheritance)
    this.hosts.push({ number, writer, view, pool, inheritance })
  }

  #spread(): void {
    for (const writer of this.#scene.writers) {
      const news = writer.batches.slice(this.#read.get(writer) ?? 0)
      this.#read.set(writer, writer.batches.length)
      for (const batch of news) for (const { view } of this.hosts) view.apply(batch)
    }
    this.#revision++
    for (const { inheritance, view } of this.hosts) inheritance.follow(view, this.nowMs)
  }
}

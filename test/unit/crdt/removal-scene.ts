/** A mesh for the tests of removals, with the records that hosts write about them, one by one. */
import assert from 'node:assert/strict'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import type { Assertion } from '../../../src/crdt/leaves.ts'
import { contentName, Registry } from '../../../src/crdt/registry.ts'
import { type Dot, dotText } from '../../../src/crdt/vector.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { World, type Writer } from './writer.ts'

/** Settled peers with one network, and what they do about removals; writers are numbered from 1. */
export class Scene extends World {
  readonly id: string

  /** @param settled how many of them are members; the others may be let in */
  constructor(count: number, settled = count, subnet = '10.1.2.0/24', nameOf?: (number: number) => string) {
    super(count, nameOf)
    this.settleAll(settled)
    const spec = checkNetwork({ tenant: 'default', name: 'web', subnet })
    this.at(1).write(createNetworkLeaves(this.all, { tenant: 'default', name: 'web', spec }))
    this.id = this.all.networks()[0]?.id ?? ''
  }

  /** What this peer sees, without these writers' last batches: they have not arrived. */
  seenBy(self: number, missing: Record<number, number> = {}): Registry {
    const registry = new Registry(this.meshId, verifySignature, { self: this.at(self).key })
    const chains = this.writers.map((writer, i) =>
      writer.batches.slice(0, writer.batches.length - (missing[i + 1] ?? 0)),
    )
    for (const batch of chains.flat()) registry.apply(batch)
    return registry
  }

  start(starter: number, target: number, heir: number, assertion: Assertion = 0, view = this.seenBy(starter)): Dot {
    const known = knownLeaf(view)
    const { key } = this.at(target)
    const targets = [{ key, heir: this.at(heir).key, counter: view.held(key) }]
    return this.at(starter).write([known, { kind: 'removal', targets, assertion, known: contentName(known) }])
  }

  acknowledge(acker: number, removal: Dot, target: number, view = this.seenBy(acker)): Dot {
    const known = knownLeaf(view)
    const counters = [view.held(this.at(target).key)]
    return this.at(acker).write([known, { kind: 'removal-ack', removal, counters, known: contentName(known) }])
  }

  declare(starter: number, removal: Dot, view = this.seenBy(starter)): Dot {
    const { complete } =
      view.removals().find(({ dot }) => dotText(dot) === dotText(removal)) ?? assert.fail('no removal')
    assert.ok(complete, 'the removal is not complete')
    return this.at(starter).write([{ kind: 'removal-end', removal, effective: true, ...complete }])
  }

  cancel(starter: number, removal: Dot): Dot {
    return this.at(starter).write([{ kind: 'removal-end', removal, effective: false, acks: [], cut: [] }])
  }

  /** A block that the peer owns by its genesis. */
  blockOf(number: number): number {
    const view = this.all
    return Array.from({ length: view.blockCount(this.id) }, (_, i) => i).find(
      index => view.block(this.id, index)?.owner === this.at(number).key,
    ) as number
  }

  give(from: Writer, to: Writer, index: number, view: Registry = this.all): void {
    from.write([transferLeaf(view, from.signer, this.id, index, to.key, from.next)])
  }
}

/** Listens in on a replica: what it was asked to write, and what it said is durable. */
import type { Leaf } from '../../src/crdt/leaves.ts'
import type { Dot } from '../../src/crdt/vector.ts'
import type { Replica } from '../../src/replica/replica.ts'

export interface Listener {
  /** A write was begun: from now on it may be on the disk. */
  begun(leaves: readonly Leaf[]): void
  /** The write is durable, said the replica; `dot` is that of its last leaf. */
  acknowledged(dot: Dot, leaves: readonly Leaf[]): void
  factBegun(key: string, value: string | undefined): void
}

/** The same replica, and how many of its writes are under way. */
export interface Recorded {
  replica: Replica
  pending(): number
}

export function record(replica: Replica, listener: Listener): Recorded {
  let pending = 0
  const recorded: Replica = {
    self: replica.self,
    get view() {
      return replica.view
    },
    async write(build, asFounder) {
      let leaves: readonly Leaf[] = []
      pending++
      try {
        const dot = await replica.write((view, first) => {
          leaves = build(view, first)
          if (leaves.length > 0) listener.begun(leaves)
          return leaves
        }, asFounder)
        if (dot) listener.acknowledged(dot, leaves)
        return dot
      } finally {
        pending--
      }
    },
    local: {
      get: key => replica.local.get(key),
      entries: prefix => replica.local.entries(prefix),
      set(pairs) {
        for (const [key, value] of pairs) listener.factBegun(key, value)
        return replica.local.set(pairs)
      },
    },
    onChange: callback => replica.onChange(callback),
    waitFor: (test, limitMs) => replica.waitFor(test, limitMs),
    syncNow: limitMs => replica.syncNow(limitMs),
    whoHas: (dot, limitMs) => replica.whoHas(dot, limitMs),
    syncStatus: () => replica.syncStatus(),
    collectionStatus: () => replica.collectionStatus(),
    wrongSignatures: () => replica.wrongSignatures(),
    contradicted: () => replica.contradicted(),
    differences: () => replica.differences(),
    get unwritten() {
      return replica.unwritten
    },
    get isComplete() {
      return replica.isComplete
    },
    get fenced() {
      return replica.fenced
    },
    get isOffForGood() {
      return replica.isOffForGood
    },
    get maySucceed() {
      return replica.maySucceed
    },
    seal: () => replica.seal(),
    vector: () => replica.vector(),
    batchAt: dot => replica.batchAt(dot),
    written: after => replica.written(after),
    get removedBy() {
      return replica.removedBy
    },
    fence: notice => replica.fence(notice),
    takeProof: bytes => replica.takeProof(bytes),
    onShown: listener => replica.onShown(listener),
    start: () => replica.start(),
    stop: () => replica.stop(),
  }
  return { replica: recorded, pending: () => pending + replica.unwritten }
}

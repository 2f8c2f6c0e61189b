/** Histories of one key, made by hand at random: containers come and go, copies part, and each lets go of what it no longer needs. */
import fc from 'fast-check'
import type { Batch } from '../../../src/crdt/batch.ts'
import { checkpointLeaf, runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf } from '../../../src/crdt/compact-unit.ts'
import { decodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { Head } from '../../../src/crdt/vector.ts'
import type { Hand } from '../../support/hostile-member.ts'

const kinds = ['begin', 'begin', 'end', 'end', 'two', 'part', 'part', 'letGo', 'letGo'] as const

export interface Move {
  /** `cheat`: lets go of anything. */
  readonly kind: (typeof kinds)[number] | 'cheat'
  readonly history: number
  readonly from: number
  readonly length: number
}

/** To which of the hosts how much of which history is said: the order is that of the list. */
export interface Showing {
  readonly host: number
  readonly history: number
  readonly share: number
}

export const pick = fc.nat({ max: 1000 })

export const moves = fc.array(fc.record({ kind: fc.constantFrom(...kinds), history: pick, from: pick, length: pick }), {
  minLength: 8,
  maxLength: 40,
})
export const showings = fc.array(
  fc.record({ host: fc.nat({ max: 2 }), history: pick, share: fc.constantFrom(0.3, 0.7, 1, 1) }),
  { minLength: 3, maxLength: 15 },
)

/** All that comes of the moves: each history from the hand's head on. */
export function histories(hand: Hand, network: string, list: readonly Move[]): Batch[][] {
  const start = hand.head
  const all: Batch[][] = [[]]
  for (const [i, { kind, history, from, length }] of list.entries()) {
    const path = all[history % all.length] as Batch[]
    const add = (...leaves: Leaf[]) => path.push(hand.make(leaves, { after: headOf(path) ?? start }))
    const open = running(path)
    switch (kind) {
      case 'begin':
        add(endpoint(i, network))
        break
      case 'end': {
        const id = open[from % open.length]
        add(id === undefined ? { kind: 'tenant', name: `t${i}` } : { kind: 'endpoint-rm', id, network })
        break
      }
      case 'two':
        add({ kind: 'tenant', name: `t${i}` }, { kind: 'tenant', name: `u${i}` })
        break
      case 'part':
        all.push(path.slice(0, from % (path.length + 1)))
        break
      case 'letGo': {
        if (path.length === 0) break
        // mostly from the beginning on, as hosts do
        const first = from % 3 === 0 ? from % path.length : 0
        add(letGo(hand, path.slice(first, first + 1 + (length % (path.length - first)))))
        break
      }
      case 'cheat': {
        const run = runFrom(path, from, length)
        const place = runOf(run)
        if (place) add(checkpointLeaf(hand.signer, place, someOf(run.flatMap(leavesOf), from + length)))
      }
    }
  }
  return all
}

/** What a showing shows. */
export function shareOf<T>(all: readonly (readonly T[])[], { history, share }: Showing): readonly T[] {
  const path = all[history % all.length] ?? []
  return path.slice(0, Math.ceil(share * path.length))
}

/** Some neighbouring ones, by chance. */
export function runFrom(path: readonly Batch[], from: number, length: number): readonly Batch[] {
  const first = path.length === 0 ? 0 : from % path.length
  return path.slice(first, first + 1 + (length % Math.max(1, path.length - first)))
}

/** Some of the list, by chance. */
export function someOf<T>(list: readonly T[], chance: number): T[] {
  return list.filter((_, i) => (chance * 2_654_435_761 + i * 40_503) % 7 < 4)
}

function headOf(path: readonly Batch[]): Head | undefined {
  const end = path.at(-1)
  return end && { counter: end.last, hash: end.hash }
}

export function endpoint(i: number, network: string): Leaf {
  const [id, mac] = [`e${i}`, '02:02:0a:01:02:01']
  return { kind: 'endpoint', id, network, ip: 0x0a010201 + i, mac, container: '', containerName: id }
}

/** Endpoints that began on this path and did not end. */
function running(path: readonly Batch[]): string[] {
  const open = new Set<string>()
  for (const { bytes } of path.flatMap(leavesOf)) {
    const leaf = decodeLeaf(bytes)
    if (leaf?.kind === 'endpoint') open.add(leaf.id)
    if (leaf?.kind === 'endpoint-rm') open.delete(leaf.id)
  }
  return [...open]
}

/** The checkpoint by which what began and ended within the run goes. */
function letGo(hand: Hand, run: readonly Batch[]): Leaf {
  const leaves = run.flatMap(leavesOf)
  const kindOf = new Map(leaves.map(placed => [placed.hash, decodeLeaf(placed.bytes)]))
  const begun = new Set([...kindOf.values()].flatMap(leaf => (leaf?.kind === 'endpoint' ? [leaf.id] : [])))
  const open = new Set(running(run))
  const kept = leaves.filter(({ hash }) => {
    const leaf = kindOf.get(hash)
    return !(leaf?.kind === 'endpoint' || leaf?.kind === 'endpoint-rm') || !begun.has(leaf.id) || open.has(leaf.id)
  })
  const place = runOf(run)
  if (!place) throw new Error('no run')
  return checkpointLeaf(hand.signer, place, kept)
}

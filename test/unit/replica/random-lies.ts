/** What a hostile member may say of its records, at random: that something else, or less, is left of a run of them than it wrote. */
import fc from 'fast-check'
import type { Batch } from '../../../src/crdt/batch.ts'
import { runOf } from '../../../src/crdt/checkpoint.ts'
import { leavesOf, makeUnit, type Part, type PlacedLeaf, unitHeader } from '../../../src/crdt/compact-unit.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import { sha256Hex } from '../../../src/lib/bytes.ts'
import type { Hand } from '../../support/hostile-member.ts'
import { type Move, pick, runFrom, someOf } from './random-histories.ts'

const kinds = ['begin', 'begin', 'end', 'end', 'two'] as const

const movesOf = (all: readonly Move['kind'][]) =>
  fc.array(fc.record({ kind: fc.constantFrom(...all), history: pick, from: pick, length: pick }), {
    minLength: 6,
    maxLength: 30,
  })

/** Of one history, without checkpoints. */
export const plainMoves = movesOf(kinds)
/** Of one history, with checkpoints that let go of what they like. */
export const hostileMoves = movesOf([...kinds, 'letGo', 'letGo', 'cheat'])

interface Lie {
  readonly from: number
  readonly length: number
  readonly isForged: boolean
}

export const lies = fc.record({ from: pick, length: pick, isForged: fc.boolean() })

/** What is said of a history, with a unit in the place of a run. */
export function withLie(hand: Hand, path: readonly Batch[], { from, length, isForged }: Lie): readonly Part[] {
  const run = runFrom(path, from, length)
  const place = runOf(run)
  const [start] = run
  if (!place || !start) return path
  const kept = someOf(run.flatMap(leavesOf), from * 31 + length)
  const left = isForged ? kept.map((leaf, i) => (i === 0 ? forged(leaf) : leaf)) : kept
  const unit = makeUnit(place, left, hand.signer.sign(unitHeader(place, left)))
  const at = path.indexOf(start)
  return [...path.slice(0, at), unit, ...path.slice(at + run.length)]
}

/** Another one in its place, which makes a tenant `forged`. */
export function forged(leaf: PlacedLeaf): PlacedLeaf {
  const bytes = encodeLeaf({ kind: 'tenant', name: 'forged' })
  return { ...leaf, bytes, hash: sha256Hex(bytes) }
}

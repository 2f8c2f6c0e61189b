/** What was let go of for good: every member holds the checkpoint that says so. The checkpoints know (checkpoint-table.ts). */
import type { Drops } from './droppable.ts'
import { type Dot, dotText } from './vector.ts'

export interface Gone {
  /** True if a checkpoint of the dot's writer let it go, and may be relied on. */
  dot(dot: Dot, drops: Drops): boolean
  /**
   * True if its writer's records up to this counter were here, and whatever checkpoints let go of them may be relied on. Then
   * what is not held here of them is held nowhere.
   */
  upTo(dot: Dot, drops: Drops): boolean
}

/**
 * True if all these, of what is `held` the kind that they may name, are gone for good. What goes by the very checkpoint that is
 * judged counts as gone: an earlier one, which let go of it too, may still wait for something.
 */
export function areGone(
  dots: readonly Dot[],
  held: readonly { readonly dot: Dot }[],
  drops: Drops,
  gone: Gone,
): boolean {
  const texts = new Set(held.map(({ dot }) => dotText(dot)))
  return dots.every(dot => {
    if (drops.judges && drops.goes(dot)) return true
    return gone.dot(dot, drops) && !texts.has(dotText(dot))
  })
}

/** The same of all that a cover names. */
export function isCoverGone(
  cover: readonly Dot[],
  held: readonly { readonly dot: Dot }[],
  drops: Drops,
  gone: Gone,
): boolean {
  const left = drops.judges ? held.filter(({ dot }) => !drops.goes(dot)) : held
  return cover.every(
    upTo =>
      gone.upTo(upTo, drops) && !left.some(({ dot }) => dot.writer === upTo.writer && dot.counter <= upTo.counter),
  )
}

/** Sorted lists that change a little: nothing is sorted again that was sorted before. */

/** What makes one list of another. */
export interface Amendment<T> {
  readonly gone: readonly T[]
  readonly added: readonly T[]
}

/** For more changes than these a sort is cheaper than a place for each. */
const fewItems = 16

/**
 * What makes `now` of `before`, of items that are known by what they are, not by what they say. Lists of one order that differ at a few
 * places are compared without a set.
 */
export function amendmentOf<T>(before: readonly T[], now: readonly T[]): Amendment<T> {
  if (before === now) return { gone: [], added: [] }
  let start = 0
  while (start < before.length && start < now.length && before[start] === now[start]) start++
  let [was, is] = [before.length, now.length]
  while (was > start && is > start && before[was - 1] === now[is - 1]) {
    was--
    is--
  }
  const [old, fresh] = [new Set(before.slice(start, was)), new Set(now.slice(start, is))]
  return { gone: [...old].filter(item => !fresh.has(item)), added: [...fresh].filter(item => !old.has(item)) }
}

/** `sorted` without what is gone, with what was added: itself if that is nothing. Of two equal items the later one stands behind the other. */
export function amended<T>(
  sorted: readonly T[],
  { gone, added }: Amendment<T>,
  compare: (a: T, b: T) => number,
): readonly T[] {
  if (gone.length + added.length === 0) return sorted
  if (gone.length + added.length > fewItems) {
    const left = new Set(gone)
    return [...sorted.filter(item => !left.has(item)), ...added].sort(compare)
  }
  const found = sorted.slice()
  for (const item of gone) {
    const at = indexIn(found, item, compare)
    if (at >= 0) found.splice(at, 1)
  }
  for (const item of added) found.splice(placeIn(found, item, compare), 0, item)
  return found
}

/** Where a sorted list has the item; −1 for nowhere. */
function indexIn<T>(sorted: readonly T[], item: T, compare: (a: T, b: T) => number): number {
  let at = placeIn(sorted, item, compare) - 1
  while (at >= 0 && sorted[at] !== item && compare(sorted[at] as T, item) === 0) at--
  return sorted[at] === item ? at : -1
}

/** After all that come before it, or are equal. */
export function placeIn<T>(sorted: readonly T[], item: T, compare: (a: T, b: T) => number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(sorted[middle] as T, item) > 0) high = middle
    else low = middle + 1
  }
  return low
}

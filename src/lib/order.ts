/** Sorting again what was sorted before. */

/** For more new items than this a sort is cheaper than a place for each. */
const fewItems = 16

/**
 * The items in order, each once. What is still there of `before`, an earlier result, is in order already: a few new items are put
 * between, and nothing else is compared.
 */
export function reordered<T>(items: Iterable<T>, before: readonly T[], compare: (a: T, b: T) => number): T[] {
  const added = new Set(items)
  const kept = before.filter(item => added.delete(item))
  if (added.size > fewItems) return [...kept, ...added].sort(compare)
  for (const item of added) kept.splice(placeIn(kept, item, compare), 0, item)
  return kept
}

/** After all that come before it, or are equal. */
function placeIn<T>(sorted: readonly T[], item: T, compare: (a: T, b: T) => number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(sorted[middle] as T, item) > 0) high = middle
    else low = middle + 1
  }
  return low
}

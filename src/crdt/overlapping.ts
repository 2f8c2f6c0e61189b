/** Pairs that overlap: of networks' subnets, and of groups' pools. */

/** Of what is sorted by its beginning: what begins behind the end of one, and all after that, is apart from it. */
export function pairsInOrder<T>(sorted: readonly T[], overlap: (a: T, b: T) => boolean): [T, T][] {
  const pairs: [T, T][] = []
  sorted.forEach((a, i) => {
    for (let at = i + 1; at < sorted.length; at++) {
      const b = sorted[at] as T
      if (!overlap(a, b)) break
      pairs.push([a, b])
    }
  })
  return pairs
}

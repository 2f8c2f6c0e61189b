/** Running two sides in pairs: A B, B A, A B, … so that neither always comes first, and drift hits both. */

export interface PairOptions {
  /** Pairs to run. */
  readonly pairs: number
  /** No further pair is begun after this, ms, once there are `leastPairs`. */
  readonly budgetMs: number
  readonly signal: AbortSignal
  /** @default performance.now */
  readonly now?: () => number
}

/** Fewer say nothing. */
export const leastPairs = 3

/** Values of both sides, the n-th of one taken next to the n-th of the other. */
export async function alternate<A, B>(
  ours: () => Promise<A>,
  base: () => Promise<B>,
  options: PairOptions,
): Promise<{ ours: A[]; base: B[] }> {
  const now = options.now ?? (() => performance.now())
  const end = now() + options.budgetMs
  const values = { ours: [] as A[], base: [] as B[] }
  const sides = [async () => values.ours.push(await ours()), async () => values.base.push(await base())] as const
  for (let pair = 0; pair < options.pairs && (pair < leastPairs || now() < end); pair++) {
    for (const side of pair % 2 === 0 ? sides : sides.toReversed()) {
      options.signal.throwIfAborted()
      await side()
    }
  }
  return values
}

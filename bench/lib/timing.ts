/** Durations of calls, ms. */
import { median } from './statistics.ts'

/** How long one call takes. */
export async function timeOf(call: () => unknown): Promise<number> {
  const begun = performance.now()
  await call()
  return performance.now() - begun
}

/** Median of `count` calls, one after another. */
export async function medianOf(count: number, call: () => unknown): Promise<number> {
  const times: number[] = []
  for (let at = 0; at < count; at++) times.push(await timeOf(call))
  return median(times)
}

/** Mean of `count` calls, `inFlight` of them at a time. */
export async function meanOf(count: number, inFlight: number, call: () => unknown): Promise<number> {
  let left = count
  const one = async () => {
    while (left-- > 0) await call()
  }
  return (await timeOf(() => Promise.all(Array.from({ length: inFlight }, one)))) / count
}

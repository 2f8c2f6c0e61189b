/** Pure: zones of connection tracking, one for each routing domain. */
import { sha256Hex } from '../lib/bytes.ts'

/** 16 bits; 0 is what has no zone. */
const zoneCount = 65_535

/**
 * The domain's zone. It stays what it was: connections that stand are in it. A new one follows from the domain's name, so that
 * it is most often the same even after all is lost.
 * @param taken zones in use, by domain
 */
export function zoneFor(domain: string, taken: ReadonlyMap<string, number>): number {
  const known = taken.get(domain)
  if (known !== undefined) return known
  const used = new Set(taken.values())
  if (used.size >= zoneCount) throw new RangeError('more domains than zones')
  let zone = 1 + (Number.parseInt(sha256Hex(domain).slice(0, 8), 16) % zoneCount)
  while (used.has(zone)) zone = (zone % zoneCount) + 1
  return zone
}

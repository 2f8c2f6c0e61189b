/** Pure: zones of connection tracking, one for each routing domain. */
import { sha256Hex } from '../lib/bytes.ts'

/** What the networks with a gateway of a tenant are in, all together. */
export const routedDomain = 'routed'

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

/**
 * The zone of each device. Devices of one domain have one, no others do; a device that an earlier run knew keeps its own, also if
 * its network is not known now (I5).
 * @param domainOf undefined for a device whose network is not known
 * @param known zones by device, as they are
 */
export function zonesOf(
  devices: Iterable<string>,
  domainOf: (device: string) => string | undefined,
  known: ReadonlyMap<string, number>,
): Map<string, number> {
  const zones = new Map<string, number>()
  const members = new Map<string, string[]>()
  for (const device of [...new Set([...known.keys(), ...devices])].sort()) {
    const domain = domainOf(device)
    if (domain !== undefined) members.set(domain, [...(members.get(domain) ?? []), device])
    else zones.set(device, known.get(device) ?? 0)
  }
  const taken = new Map<string, number>()
  const kept = new Set<number>()
  // where two domains had one zone, as a network that is no longer routed had, the many keep it
  const ordered = [...members].sort(([, a], [, b]) => b.length - a.length)
  for (const [domain, own] of ordered) {
    const zone = own.flatMap(device => known.get(device) ?? [])[0]
    if (zone !== undefined && !kept.has(zone)) {
      taken.set(domain, zone)
      kept.add(zone)
    }
  }
  const used = new Map([...zones, ...taken])
  for (const [domain, own] of ordered) {
    const zone = taken.get(domain) ?? zoneFor(domain, used)
    used.set(domain, zone)
    for (const device of own) zones.set(device, zone)
  }
  return zones
}

/** The forwarding entries of one network's VXLAN device: as they should be, and as the kernel has them. */

/** Where frames are sent: `ADDRESS VNI` of a VTEP. */
export type Target = string

export interface Entries {
  /** MAC -> target; written to the VXLAN device and, as a static entry, to the bridge. */
  readonly unicast: ReadonlyMap<string, Target>
  /** Address, dotted or IPv6's canonical text -> MAC: what the VXLAN device answers ARP and ND with, instead of flooding them. */
  readonly neighbours: ReadonlyMap<string, string>
  /** Who gets broadcast, unknown unicast and multicast. */
  readonly flood: ReadonlySet<Target>
}

/** The same, of whoever keeps them up to date. */
export interface MutableEntries extends Entries {
  readonly unicast: Map<string, Target>
  readonly neighbours: Map<string, string>
  readonly flood: Set<Target>
}

export const noEntries: Entries = { unicast: new Map(), neighbours: new Map(), flood: new Set() }

/** Names one entry within a network, whatever its value: `u MAC`, `n IP`, `f TARGET`. */
export type EntryKey = string

export function entryKeys(entries: Entries): EntryKey[] {
  return [
    ...[...entries.unicast.keys()].map(mac => `u ${mac}`),
    ...[...entries.neighbours.keys()].map(ip => `n ${ip}`),
    ...[...entries.flood].map(target => `f ${target}`),
  ]
}

export function hasEntry(entries: Entries, key: EntryKey): boolean {
  const name = key.slice(2)
  if (key.startsWith('u')) return entries.unicast.has(name)
  return key.startsWith('n') ? entries.neighbours.has(name) : entries.flood.has(name)
}

export function copyOf({ unicast, neighbours, flood }: Entries): MutableEntries {
  return { unicast: new Map(unicast), neighbours: new Map(neighbours), flood: new Set(flood) }
}

/** Those entries that the keys name. */
export function entriesAt(entries: Entries, keys: Iterable<EntryKey>): MutableEntries {
  const found = copyOf(noEntries)
  putAt(found, keys, entries)
  return found
}

/** What the keys name becomes as in `source`. */
export function putAt(entries: MutableEntries, keys: Iterable<EntryKey>, source: Entries): void {
  for (const key of keys) {
    const name = key.slice(2)
    if (key.startsWith('u')) putValue(entries.unicast, name, source.unicast.get(name))
    else if (key.startsWith('n')) putValue(entries.neighbours, name, source.neighbours.get(name))
    else if (source.flood.has(name)) entries.flood.add(name)
    else entries.flood.delete(name)
  }
}

/** Undefined takes the entry away. */
export function putValue(map: Map<string, string>, key: string, value: string | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}

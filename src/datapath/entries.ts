/** The forwarding entries of one network's VXLAN device: as they should be, and as the kernel has them. */

/** Where frames are sent: `ADDRESS VNI` of a VTEP. */
export type Target = string

export interface Entries {
  /** MAC -> target; written to the VXLAN device and, as a static entry, to the bridge. */
  readonly unicast: ReadonlyMap<string, Target>
  /** IPv4 address, dotted -> MAC: what the VXLAN device answers ARP with, instead of flooding it. */
  readonly neighbours: ReadonlyMap<string, string>
  /** Who gets broadcast, unknown unicast and multicast. */
  readonly flood: ReadonlySet<Target>
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

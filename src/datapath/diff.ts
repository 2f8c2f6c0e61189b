/** Pure: the batch lines that turn the entries of one VXLAN device into the desired ones. Empty when they are equal. */
import type { Entries, EntryKey, MutableEntries } from './entries.ts'

/** One line of a batch. */
export interface Command {
  readonly line: string
  /** A failure whose text matches is expected where the line was made, and passed over. */
  readonly ignore?: RegExp
}

export interface Difference {
  /** For `bridge -batch`. Carried out first: an ARP answer must not come before the entry its frames need. */
  readonly bridge: readonly Command[]
  /** For `ip -batch`. */
  readonly ip: readonly Command[]
  /** What the kernel holds once they are carried out. */
  readonly result: MutableEntries
  /** Number of entries that differed. */
  readonly count: number
}

/** Deleting what is gone already is what we want. */
const gone = /No such file or directory|Cannot find device/

const zeroMac = '00:00:00:00:00:00'

/** `keep` says which entries stay although they are not desired (I5). */
export function diffEntries(
  device: string,
  desired: Entries,
  actual: Entries,
  keep: (key: EntryKey) => boolean,
): Difference {
  const unicast = diffUnicast(device, desired, actual, keep)
  const flood = diffFlood(device, desired, actual, keep)
  const neighbours = diffNeighbours(device, desired, actual, keep)
  return {
    bridge: [...unicast.commands, ...flood.commands],
    ip: neighbours.commands,
    result: { unicast: unicast.result, flood: flood.result, neighbours: neighbours.result },
    count: unicast.count + flood.count + neighbours.count,
  }
}

/** `replace` writes both tables in one go. They are deleted one by one: if one is missing, the other would stay. */
function diffUnicast(device: string, desired: Entries, actual: Entries, keep: (key: EntryKey) => boolean) {
  const commands: Command[] = []
  const result = new Map(desired.unicast)
  let count = 0
  for (const [mac, target] of desired.unicast) {
    if (actual.unicast.get(mac) === target) continue
    commands.push({ line: `fdb replace ${mac} dev ${device} ${destination(target)} self master static` })
    count++
  }
  for (const [mac, target] of actual.unicast) {
    if (desired.unicast.has(mac)) continue
    if (keep(`u ${mac}`)) result.set(mac, target)
    else {
      commands.push({ line: `fdb del ${mac} dev ${device} self`, ignore: gone })
      commands.push({ line: `fdb del ${mac} dev ${device} master`, ignore: gone })
      count++
    }
  }
  return { commands, result, count }
}

/** The kernel refuses `replace` here; `append` is idempotent; `del` without the right VNI removes nothing and says 0. */
function diffFlood(device: string, desired: Entries, actual: Entries, keep: (key: EntryKey) => boolean) {
  const commands: Command[] = []
  const result = new Set(desired.flood)
  let count = 0
  for (const target of desired.flood) {
    if (actual.flood.has(target)) continue
    commands.push({ line: `fdb append ${zeroMac} dev ${device} ${destination(target)}` })
    count++
  }
  for (const target of actual.flood) {
    if (desired.flood.has(target)) continue
    if (keep(`f ${target}`)) result.add(target)
    else {
      commands.push({ line: `fdb del ${zeroMac} dev ${device} ${destination(target)}`, ignore: gone })
      count++
    }
  }
  return { commands, result, count }
}

/** A failing `neigh del` would end `ip` even with -force; after a `replace` it cannot fail. */
function diffNeighbours(device: string, desired: Entries, actual: Entries, keep: (key: EntryKey) => boolean) {
  const commands: Command[] = []
  const result = new Map(desired.neighbours)
  let count = 0
  for (const [ip, mac] of desired.neighbours) {
    if (actual.neighbours.get(ip) === mac) continue
    commands.push({ line: `neigh replace ${ip} lladdr ${mac} dev ${device} nud permanent` })
    count++
  }
  for (const [ip, mac] of actual.neighbours) {
    if (desired.neighbours.has(ip)) continue
    if (keep(`n ${ip}`)) result.set(ip, mac)
    else {
      commands.push({ line: `neigh replace ${ip} lladdr ${mac} dev ${device} nud permanent` })
      commands.push({ line: `neigh del ${ip} dev ${device}` })
      count++
    }
  }
  return { commands, result, count }
}

function destination(target: string): string {
  const [address, vni] = target.split(' ')
  return `dst ${address} vni ${vni}`
}

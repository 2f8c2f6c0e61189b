/** Pure: reads what `nft list counters table …` prints. */

export interface Counted {
  readonly packets: number
  readonly bytes: number
}

const counter = /^\tcounter (\w+) \{\s*packets (\d+) bytes (\d+)\s*\}/gm

/** Those whose names begin with `prefix`, by the rest of the name: as `counterName` has it. */
export function readCounters(text: string, prefix = ''): Map<string, Counted> {
  const found = [...text.matchAll(counter)].filter(([, name]) => name?.startsWith(`${prefix}r_`))
  return new Map(
    found.map(([, name = '', packets, bytes]) => [
      name.slice(prefix.length),
      { packets: Number(packets), bytes: Number(bytes) },
    ]),
  )
}

export function addCounted(a: Counted | undefined, b: Counted): Counted {
  return a ? { packets: a.packets + b.packets, bytes: a.bytes + b.bytes } : b
}

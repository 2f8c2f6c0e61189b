/** Pure: reads what `nft list counters table …` prints. */

export interface Counted {
  readonly packets: number
  readonly bytes: number
}

const counter = /^\tcounter (r_\w+) \{\s*packets (\d+) bytes (\d+)\s*\}/gm

/** By the name of the counter, as `counterName` has it. */
export function readCounters(text: string): Map<string, Counted> {
  const found = [...text.matchAll(counter)]
  return new Map(
    found.map(([, name = '', packets, bytes]) => [name, { packets: Number(packets), bytes: Number(bytes) }]),
  )
}

export function addCounted(a: Counted | undefined, b: Counted): Counted {
  return a ? { packets: a.packets + b.packets, bytes: a.bytes + b.bytes } : b
}

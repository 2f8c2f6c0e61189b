/** Pure: reads what `nft -s list table` prints of the table of policies, to take it over and to see whether somebody changed it. */
import type { Elements } from './placements.ts'

export interface Listing {
  /** Everything but elements and the generation. */
  readonly rules: string
  readonly chains: readonly string[]
  /** Sets and maps besides those that every table of policies has. */
  readonly maps: readonly string[]
  readonly counters: readonly string[]
  readonly elements: Elements
  /** 0 if there is none. */
  readonly generation: number
}

const block = /^\t(chain|set|map|counter) (\S+) \{\n([\s\S]*?)^\t\}$/gm
const elementsPart = /^\t\telements = \{([\s\S]*?)\}\n/m
const generationPart = /ct mark (set )?0x([0-9a-f]{8})/g
const mapNames: readonly string[] = ['zones', 'receivers', 'senders', 'counters']

export function readListing(text: string): Listing {
  const [chains, maps, counters]: [string[], string[], string[]] = [[], [], []]
  const elements: Elements = new Map()
  let generation = 0
  const rules = text
    .replace(block, (whole: string, kind: string, name: string, body: string) => {
      if (kind === 'chain') chains.push(name)
      else if (kind === 'counter') counters.push(name)
      else {
        if (!mapNames.includes(name)) maps.push(name)
        elements.set(name, readElements(elementsPart.exec(body)?.[1] ?? ''))
        return whole.replace(elementsPart, '')
      }
      return whole
    })
    .replace(generationPart, (_whole, set: string | undefined, digits: string) => {
      if (set) generation = Number.parseInt(digits, 16)
      return `ct mark ${set ?? ''}generation`
    })
  return { rules, chains, maps, counters, elements, generation }
}

/** No key of ours has a comma or a colon with spaces around it. */
function readElements(text: string): Map<string, string> {
  const items = text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
  return new Map(
    items.map(item => {
      const [key = '', value = ''] = item.split(' : ')
      return [key.trim(), value.trim()]
    }),
  )
}

export function sameElements(a: Elements, b: Elements): boolean {
  const names = new Set([...a.keys(), ...b.keys()])
  return [...names].every(name => {
    const [left, right] = [a.get(name), b.get(name)]
    return (
      (left?.size ?? 0) === (right?.size ?? 0) && [...(left ?? [])].every(([key, value]) => right?.get(key) === value)
    )
  })
}

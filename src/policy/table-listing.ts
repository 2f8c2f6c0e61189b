/** Pure: reads what `nft -s -p list table` prints of the table of policies, to take it over and to see whether somebody changed it. */
import type { Elements } from './placements.ts'

export interface Listing {
  /** Everything but elements and the generation. */
  readonly rules: string
  readonly chains: readonly string[]
  readonly counters: readonly string[]
  readonly elements: Elements
  /** 0 if there is none. */
  readonly generation: number
}

const block = /^\t(chain|set|map|counter) (\S+) \{\n([\s\S]*?)^\t\}$/gm
const elementsPart = /^\t\telements = \{([\s\S]*?)\}\n/m
const generationPart = /ct mark (set )?0x([0-9a-f]{8})/g

export function readListing(text: string): Listing {
  const [chains, counters]: [string[], string[]] = [[], []]
  const elements = new Map<string, Map<string, string>>()
  let generation = 0
  const rules = text
    .replace(block, (whole: string, kind: string, name: string, body: string) => {
      if (kind === 'chain') chains.push(name)
      else if (kind === 'counter') counters.push(name)
      else {
        elements.set(name, readElements(elementsPart.exec(body)?.[1] ?? ''))
        return whole.replace(elementsPart, '')
      }
      return whole
    })
    .replace(generationPart, (_whole, set: string | undefined, digits: string) => {
      if (set) generation = Number.parseInt(digits, 16)
      return `ct mark ${set ?? ''}generation`
    })
  return { rules, chains, counters, elements, generation }
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
  return [...names].every(name => sameMap(a.get(name) ?? none, b.get(name) ?? none))
}

const none: ReadonlyMap<string, string> = new Map()

function sameMap(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [key, value] of a) if (b.get(key) !== value) return false
  return true
}

/**
 * Pure: nft's commands that bring a table from one state to another, in one transaction: the kernel goes from the one to the
 * other between two packets. They say what differs and nothing else, so that a rule more in five thousand costs what it costs
 * in five. Counters of rules that stay keep their figures.
 */
import type { Elements } from './placements.ts'

/** What a table holds, or should. */
export interface TableState {
  /** Statements by chain; the first of a base chain says where it hooks. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** What a set or map is, by name: `map { … }`. */
  readonly maps: ReadonlyMap<string, string>
  readonly counters: ReadonlySet<string>
  readonly elements: Elements
}

const nothing: TableState = { chains: new Map(), maps: new Map(), counters: new Set(), elements: new Map() }

/** @param before undefined: whatever there is, it goes. [] if nothing differs */
export function changeCommands(table: string, before: TableState | undefined, after: TableState): string[] {
  const was = before ?? nothing
  const changed: (readonly [string, readonly string[]])[] = []
  for (const chain of after.chains) if (!sameLines(was.chains.get(chain[0]), chain[1])) changed.push(chain)
  const [fresh, other] = [[] as typeof changed, [] as typeof changed]
  for (const chain of changed) (was.chains.has(chain[0]) ? other : fresh).push(chain)
  const goneChains = goneFrom(was.chains, after.chains)
  const { removals, additions } = elementChanges(table, was.elements, after.elements)
  const made = (verb: string, names: Iterable<string>) => [...names].map(name => `${verb} ${table} ${name}`)
  return [
    ...(before ? [] : [`add table ${table}`, `delete table ${table}`, `add table ${table}`]),
    ...goneFrom(after.maps, was.maps).map(name =>
      (after.maps.get(name) ?? '').replace(/^\w+/, kind => `add ${kind} ${table} ${name}`),
    ),
    ...made('add counter', goneFrom(after.counters, was.counters)),
    // all before any rule jumps
    ...fresh.map(([name, [first = '']]) => `add chain ${table} ${name}${isHook(first) ? ` { ${first} }` : ''}`),
    ...made('flush chain', [...other.map(([name]) => name), ...goneChains]),
    ...removals,
    ...changed.flatMap(([name, lines]) =>
      lines.filter(line => !isHook(line)).map(line => `add rule ${table} ${name} ${line}`),
    ),
    ...additions,
    ...made('delete chain', goneChains),
    ...made('delete map', goneFrom(was.maps, after.maps)),
    ...made('delete counter', goneFrom(was.counters, after.counters)),
  ]
}

interface Names extends Iterable<string | readonly [string, unknown]> {
  has(name: string): boolean
  keys(): Iterable<string>
}

/** Names in `was` that are not in `is`. */
function goneFrom(was: Names, is: Names): string[] {
  const gone: string[] = []
  if (was !== is) for (const name of was.keys()) if (!is.has(name)) gone.push(name)
  return gone
}

function isHook(line: string): boolean {
  return line.startsWith('type ')
}

function sameLines(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a === b || (a?.length === b.length && a.every((line, at) => line === b[at]))
}

/** Elements of a set have the value ''. */
function elementChanges(
  table: string,
  before: Elements,
  after: Elements,
): Record<'removals' | 'additions', readonly string[]> {
  const [removals, additions]: [string[], string[]] = [[], []]
  const put = (to: string[], verb: string, name: string, elements: readonly string[]) => {
    if (elements.length > 0) to.push(`${verb} element ${table} ${name} { ${elements.join(', ')} }`)
  }
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(name) ?? none, after.get(name) ?? none]
    if (was === is) continue
    put(removals, 'delete', name, missing(was, is))
    put(additions, 'add', name, missing(is, was))
  }
  return { removals, additions }
}

const none: ReadonlyMap<string, string> = new Map()

/** What `other` does not say, or says otherwise. */
function missing(elements: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  for (const [key, value] of elements) {
    if (other.get(key) !== value) found.push(value === '' ? key : `${key} : ${value}`)
  }
  return found
}

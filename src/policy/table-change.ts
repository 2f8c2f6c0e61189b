/**
 * Pure: nft's commands that bring a table from one state to another, in one transaction: the kernel goes from the one to the
 * other between two packets. They say what differs and nothing else, so that a rule more in five thousand costs what it costs
 * in five. Counters of rules that stay keep their figures.
 */
import { SharedMap } from '../lib/shared-map.ts'
import type { Elements } from './placements.ts'

/** What a table holds, or should; of what two states share as `SharedMap`s do, nothing is compared. */
export interface TableState {
  /** Statements by chain; the first of a base chain says where it hooks. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** What a set or map is, by name: `map { … }`. */
  readonly maps: ReadonlyMap<string, string>
  /** By name. */
  readonly counters: ReadonlyMap<string, ''>
  readonly elements: Elements
}

export const emptyTable: TableState = {
  ...{ chains: SharedMap.of(), maps: SharedMap.of(), counters: SharedMap.of(), elements: SharedMap.of() },
}

/** @param before undefined: whatever there is, it goes. [] if nothing differs */
export function changeCommands(table: string, before: TableState | undefined, after: TableState): string[] {
  const was = before ?? emptyTable
  const chains = differences(was.chains, after.chains)
  const changed = [...chains.added, ...chains.other].filter(([name, lines]) => !sameLines(was.chains.get(name), lines))
  const [fresh, other] = [
    changed.filter(([name]) => !was.chains.has(name)),
    changed.filter(([name]) => was.chains.has(name)),
  ]
  const [maps, counters] = [differences(was.maps, after.maps), differences(was.counters, after.counters)]
  const { removals, additions } = elementChanges(table, was.elements, after.elements)
  const made = (verb: string, names: readonly string[]) => names.map(name => `${verb} ${table} ${name}`)
  return [
    ...(before ? [] : [`add table ${table}`, `delete table ${table}`, `add table ${table}`]),
    ...maps.added.map(([name, text]) => text.replace(/^\w+/, kind => `add ${kind} ${table} ${name}`)),
    ...made('add counter', counters.added.map(nameOf)),
    // all before any rule jumps
    ...fresh.map(([name, [first = '']]) => `add chain ${table} ${name}${isHook(first) ? ` { ${first} }` : ''}`),
    ...made('flush chain', [...other.map(nameOf), ...chains.gone]),
    ...removals,
    ...changed.flatMap(([name, lines]) =>
      lines.filter(line => !isHook(line)).map(line => `add rule ${table} ${name} ${line}`),
    ),
    ...additions,
    ...made('delete chain', chains.gone),
    ...made('delete map', maps.gone),
    ...made('delete counter', counters.gone),
  ]
}

interface Differences<V> {
  readonly gone: readonly string[]
  readonly added: readonly (readonly [name: string, value: V])[]
  /** Under a name that both have. */
  readonly other: readonly (readonly [name: string, value: V])[]
}

function differences<V>(was: ReadonlyMap<string, V>, is: ReadonlyMap<string, V>): Differences<V> {
  const [gone, added, other]: [string[], [string, V][], [string, V][]] = [[], [], []]
  for (const name of SharedMap.differences(was, is)) {
    const value = is.get(name)
    if (value === undefined) gone.push(name)
    else (was.has(name) ? other : added).push([name, value])
  }
  return { gone, added, other }
}

function nameOf([name]: readonly [string, unknown]): string {
  return name
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
  for (const name of SharedMap.differences(before, after)) {
    const [was, is] = [before.get(name) ?? none, after.get(name) ?? none]
    const keys = SharedMap.differences(was, is)
    put(removals, 'delete', name, textsOf(was, keys))
    put(additions, 'add', name, textsOf(is, keys))
  }
  return { removals, additions }
}

const none: ReadonlyMap<string, string> = new Map()

function textsOf(elements: ReadonlyMap<string, string>, keys: readonly string[]): string[] {
  return keys.flatMap(key => {
    const value = elements.get(key)
    if (value === undefined) return []
    return value === '' ? key : `${key} : ${value}`
  })
}

/**
 * Pure: which rules decide over a whole set of flows: from any of one range of addresses to any of another, to any of a range
 * of ports. What `verdict` says of each of them, without asking about each.
 */
import { SkeinError } from '../../lib/errors.ts'
import type { Address, Family } from '../../model/address-match.ts'
import type { PolicyBook } from '../book.ts'
import { type BookRule, speaksOf } from '../book-rule.ts'
import { compareEnds, type Match, matchesNames, type Party, type Verdict, verdictOf } from '../verdict.ts'

/** First and last, inclusive. */
export type Range = readonly [first: Address, last: Address]

export interface Side extends Omit<Party, 'ip'> {
  readonly ips: Range
}

export interface FlowSet {
  readonly src: Side
  readonly dst: Side
  /** Of all addresses at both ends. */
  readonly family: Family
  /** As in the header of the family. */
  readonly protocol: number
  readonly ports: readonly [first: number, last: number]
}

/** What no rule has decided yet: sources, destinations and ports. */
type Box = readonly [src: Range, dst: Range, port: Range]

/** Boxes that rules may leave between them: far more than people write, few enough to be answered at once. */
const maxBoxes = 4096

/**
 * The verdicts that occur, each once, in the order in which their rules win; the last has no rule if something is left that
 * none matches. `places`: one; or those of a container in several networks when it meets the outside, where it has one address
 * and is under the rules of all its groups. Throws `unsupported` when rules cut the set into more pieces than can be told.
 */
export function casesOf(book: PolicyBook, places: readonly FlowSet[]): Verdict[] {
  const cases: Verdict[] = []
  let open: readonly Box[] = [commonBox(places)]
  for (const match of matchesOf(book, places)) {
    // of several places `matchesOf` has seen whether the rule fits the address there
    const { family } = places[0] as FlowSet
    const shape = shapeOf(match.rule, family)
    const asked = places.length === 1 ? shape : withoutOwn(shape, match, family)
    if (!open.some(box => meets(box, asked))) continue
    cases.push(verdictOf(match))
    open = open.flatMap(box => (meets(box, asked) ? without(box, asked) : [box]))
    if (open.length === 0) return cases
    if (open.length > maxBoxes) {
      throw new SkeinError('unsupported', 'too many rules tell these addresses apart: ask about single containers')
    }
  }
  return [...cases, { action: 'allow' }]
}

/** Rules that match some of the flows, in the order in which they win. */
export function matchesOf(book: PolicyBook, places: readonly FlowSet[]): Match[] {
  const found = places.flatMap(flows => {
    const { src, dst, ports, family } = flows
    const of = (group: string | undefined, direction: 'in' | 'out'): Match[] =>
      group === undefined ? [] : book.rulesFor(group, direction).map(rule => ({ rule, group }))
    return [...of(dst.group, 'in'), ...of(src.group, 'out')].filter(
      ({ rule }) =>
        speaksOf(rule, family) &&
        matchesNames(book, rule, flows) &&
        meets([src.ips, dst.ips, ports], shapeOf(rule, family)),
    )
  })
  return [...new Map(found.map(match => [match.rule, match])).values()].sort(compareEnds)
}

const all: Readonly<Record<Family, Range>> = { 4: [0, 0xffffffff], 6: [0n, (1n << 128n) - 1n] }

/** Of several places: what they have in common. One end is the container at each of them, the other is outside. */
function commonBox([first, ...others]: readonly FlowSet[]): Box {
  if (!first) throw new RangeError('no place')
  const { src, dst, ports, family } = first
  if (others.length === 0) return [src.ips, dst.ips, ports]
  return src.network === undefined ? [src.ips, all[family], ports] : [all[family], dst.ips, ports]
}

function withoutOwn([src, dst, port]: Box, { rule }: Match, family: Family): Box {
  return rule.value.direction === 'in' ? [src, all[family], port] : [all[family], dst, port]
}

/** Of a rule that speaks of the family. */
function shapeOf({ from, to, value }: BookRule, family: Family): Box {
  const addresses = (range: { first: Address; last: Address } | undefined): Range =>
    range === undefined ? all[family] : [range.first, range.last]
  return [addresses(from), addresses(to), value.port === 0 ? [0, 65_535] : [value.port, value.port]]
}

function meets(a: Box, b: Box): boolean {
  return a.every(([first, last], at) => first <= (b[at] as Range)[1] && (b[at] as Range)[0] <= last)
}

/** The box without what it has in common with the other: slices before and behind it, one dimension after the other. */
function without(box: Box, other: Box): Box[] {
  const rest: Box[] = []
  let core = box
  for (const at of [0, 1, 2] as const) {
    const [start, end] = other[at]
    let [first, last] = core[at]
    if (first < start) {
      rest.push(replaced(core, at, [first, next(start, -1)]))
      first = start
    }
    if (last > end) {
      rest.push(replaced(core, at, [next(end, 1), last]))
      last = end
    }
    core = replaced(core, at, [first, last])
  }
  return rest
}

function next(value: Address, by: 1 | -1): Address {
  return typeof value === 'bigint' ? value + BigInt(by) : value + by
}

function replaced(box: Box, at: 0 | 1 | 2, range: Range): Box {
  return box.map((each, index) => (index === at ? range : each)) as unknown as Box
}

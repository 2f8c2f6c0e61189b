/** Pure: `skein why`: whether one end reaches another, what decides it and where, and what would change it. */
import { SkeinError } from '../../lib/errors.ts'
import type { PeerKey } from '../../lib/keys.ts'
import type { Family } from '../../model/address-match.ts'
import type { FlowKind } from '../../model/flow-kind.ts'
import type { PolicyBook } from '../book.ts'
import { readBook } from '../book.ts'
import { protocolIn } from '../book-rule.ts'
import type { Verdict } from '../verdict.ts'
import { casesOf, type FlowSet, matchesOf } from './cases.ts'
import { type Change, changeTo } from './change.ts'
import { type End, findEnds, type Named } from './ends.ts'
import { membersOf, sideOf } from './sides.ts'
import { familyOfEnd, findWays, type HostFacts, type Way } from './way.ts'

export interface Question {
  readonly src: string
  readonly dst: string
  readonly kind: FlowKind
  /** Of groups and addresses, and then of containers too; by default that of a container that is named. */
  readonly tenant?: string | undefined
  /** Of which addresses, where both ends are given by name. @default 4 */
  readonly family?: Family | undefined
}

export interface WayAnswer extends Way {
  /** In the order in which their rules win: the first that fits a packet decides. None without a way. */
  readonly cases: readonly Verdict[]
  /** The host of the sender drops what is denied; of what comes from outside, the receiver's. */
  readonly decidedOn: readonly PeerKey[]
  /** Hosts that judge what comes to them once more, alike. */
  readonly judgedOn: readonly PeerKey[]
  /** What would turn the answer round: for a mixed one, make all pass. */
  readonly change: Change | undefined
  /** What makes the answer less certain, one line each. */
  readonly notes: readonly string[]
}

export interface Answer {
  readonly src: Named
  readonly dst: Named
  readonly passes: 'yes' | 'no' | 'partly'
  readonly ways: readonly WayAnswer[]
}

/** Throws `invalid`, `not-found`, `conflict` or `unsupported` when the question has no answer. */
export function why(facts: HostFacts, question: Question): Answer {
  const answer = answerFor(facts, question)
  const isOfNames = answer.src.family === undefined && answer.dst.family === undefined
  const dual = isOfNames && question.family === undefined ? dualAnswer(facts, question) : undefined
  if (!dual || dual.passes === answer.passes) return answer
  const note = `over IPv6 the answer is ${dual.passes}: ask with --ipv6`
  return { ...answer, ways: answer.ways.map(way => ({ ...way, notes: [...way.notes, note] })) }
}

/** Undefined if one of the two has no IPv6, or the answer is too long to be found. */
function dualAnswer(facts: HostFacts, question: Question): Answer | undefined {
  try {
    return answerFor(facts, { ...question, family: 6 })
  } catch (error) {
    if (error instanceof SkeinError) return undefined
    throw error
  }
}

function answerFor(facts: HostFacts, { src: from, dst: to, kind, tenant: home, family }: Question): Answer {
  const { view } = facts
  const [src, dst] = findEnds(facts, from, to, home, family)
  const books = new Map<string, PolicyBook>()
  const bookOf = (tenant: string) => {
    const book = books.get(tenant) ?? readBook(view, tenant)
    books.set(tenant, book)
    return book
  }
  const ways = together(findWays(facts, src.ends, dst.ends)).map(places =>
    judged(facts, bookOf(places[0].src.tenant), places, kind),
  )
  return { src, dst, passes: passesOf(ways), ways }
}

type Places = readonly [Way, ...Way[]]

/** A container with several networks meets the outside once for each tenant, whichever network it is. */
function together(ways: readonly Way[]): Places[] {
  const found = new Map<string, [Way, ...Way[]]>()
  for (const [at, way] of ways.entries()) {
    const key = way.kind === 'out' || way.kind === 'published' ? `${way.kind} ${way.src.tenant}` : `${at}`
    const places = found.get(key)
    if (places) places.push(way)
    else found.set(key, [way])
  }
  return [...found.values()]
}

function judged(facts: HostFacts, book: PolicyBook, places: Places, kind: FlowKind): WayAnswer {
  const { view } = facts
  const [way] = places
  const hosts = { ...hostsOf(view, way), notes: notesOf(facts, way) }
  if (way.kind === 'none') return { ...way, ...hosts, cases: [], decidedOn: [], judgedOn: [], change: undefined }
  // no rule is asked
  if (way.kind === 'self' || way.kind === 'gateway') {
    return { ...way, cases: [{ action: 'allow' }], ...hosts, change: undefined }
  }
  const family = familyOfEnd(way.src)
  const flows = places.map(
    (place): FlowSet => ({
      ...{ family, protocol: protocolIn(kind, family) ?? kind.protocol, ports: kind.ports },
      ...{ src: sideOf(view, book, place.src), dst: sideOf(view, book, place.dst) },
    }),
  )
  const cases = casesOf(book, flows)
  const allPass = cases.every(({ action }) => action === 'allow')
  const change = changeTo(allPass ? 'deny' : 'allow', view, book, places, kind, matchesOf(book, flows))
  return { ...way, cases, ...hosts, change }
}

/** Of hosts that may be down, or are to go: what this host knows of their containers may be old. */
function notesOf(facts: HostFacts, way: Way): string[] {
  const { view, self, connected, nameOf } = facts
  const { src, dst } = way
  const hosts = [...new Set([src, dst].flatMap(end => hostsOfEnd(view, end)))].filter(host => host !== self)
  const leaving = view.removals().filter(({ outcome }) => outcome === 'undecided')
  return [
    ...gatewayNotes(facts, way),
    ...hosts.flatMap(host => [
      ...(connected.includes(host)
        ? []
        : [`${nameOf(host)} is out of reach of this host, and may be down: see skein status`]),
      ...(leaving.some(({ targets }) => targets.some(({ key }) => key === host))
        ? [`${nameOf(host)} is being removed`]
        : []),
    ]),
  ]
}

/** Whether the docker_gwbridge of a host has IPv6 that host alone knows. */
function gatewayNotes({ view, self, outsideHas6, nameOf }: HostFacts, { kind, src, dst }: Way): string[] {
  if (familyOfEnd(src) === 4 || (kind !== 'out' && kind !== 'published')) return []
  const hosts = hostsOfEnd(view, kind === 'out' ? src : dst)
  const unsure = hosts.filter(host => host !== self || outsideHas6 === undefined)
  const without = hosts.filter(host => host === self && outsideHas6 === false)
  return [
    ...without.map(host => `docker_gwbridge of ${nameOf(host)} has no IPv6: nothing of this passes there`),
    ...unsure.map(
      host => `only if docker_gwbridge of ${nameOf(host)} was made with IPv6${host === self ? '' : ': ask there'}`,
    ),
  ]
}

/** A packet is judged on every host that it crosses with the policies of both ends, so that the first one drops it. */
function hostsOf(view: HostFacts['view'], { src, dst }: Way): { decidedOn: PeerKey[]; judgedOn: PeerKey[] } {
  const [from, to] = [hostsOfEnd(view, src), hostsOfEnd(view, dst)]
  if (src.kind === 'outside' || src.kind === 'unused') return { decidedOn: to, judgedOn: [] }
  return { decidedOn: from, judgedOn: to.filter(host => !from.includes(host) || from.length > 1) }
}

function hostsOfEnd(view: HostFacts['view'], end: End): PeerKey[] {
  if (end.kind === 'container') return [end.endpoint.owner]
  if (end.kind !== 'group') return []
  return [...new Set(membersOf(view, end).map(({ owner }) => owner))].sort()
}

function passesOf(ways: readonly WayAnswer[]): Answer['passes'] {
  const actions = ways.flatMap(({ cases }) => cases.map(({ action }) => action))
  if (!actions.includes('allow')) return 'no'
  return actions.includes('deny') ? 'partly' : 'yes'
}

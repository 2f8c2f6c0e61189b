/**
 * The rules under check, each with a switch (design.md R1–R9, docs/notes/0004 "Limits and heirs"). With all of them on no
 * history breaks I1; the tests turn one off and expect the history that shows why it is there.
 */
import type { Book, Kind } from './records.ts'

export interface Rules {
  /** The cut is the maximum over the acknowledgements; off: what the starter held at the start. (V1) */
  readonly cutIsMaximum: boolean
  /** An acknowledgement is a promise: the target's later records have no effect until the outcome is known. (V2) */
  readonly ackIsPromise: boolean
  /** Others' acknowledgements do not raise the own limit. (V2b) */
  readonly ownCounterOnly: boolean
  /** Whose records, up to the cut, an heir must hold: every removed predecessor, the last one, none. (V3, V3b) */
  readonly heirHolds: 'all' | 'last' | 'none'
  /** Only the starter's declaration makes a removal effective; off: each view counts for itself. (V4) */
  readonly starterDeclares: boolean
  /** No second acknowledgement or start while one is undecided (d). (V5) */
  readonly oneAtATime: boolean
  /** Nobody gives to a target of a removal that binds the giver. */
  readonly givesNoTarget: boolean
  /** A listed admission counts as a member, settled or not. (V6) */
  readonly countsPending: boolean
  /** Members are counted over the union of all cited lists; off: over the starter's list alone. (V6) */
  readonly countsListed: boolean
  /** A newcomer takes no custody that rests on the records of a target of a listed, undecided removal. (V7) */
  readonly newcomerAdopts: boolean
  /** A newcomer is settled only once every listed removal is decided for it, or held; lists name them only by starter and number. (V7b) */
  readonly newcomerHolds: 'decided' | 'held' | 'none'
  /** And once it has every listed admission, in effect, so that it lists them itself. */
  readonly newcomerSees: 'in effect' | 'held' | 'none'
  /** A newcomer relies on nobody who is gone or may be, nor on whom only such may have let in, nor on a list with ends that may be cut off. */
  readonly relyOnSure: boolean
  /** A listed, undecided removal binds the settled newcomer as if it had acknowledged it. */
  readonly toldIsPromise: boolean
  /** The newcomer's own acknowledgement does not lift what it adopted. (V7c) */
  readonly adoptionOutlastsAck: boolean
  /** (f): of a starter removed with an assertion, the undecided removal is decided by the cut. */
  readonly starterRemoved: boolean
  /** (f) is decided only by who holds the starter's records to the cut. (V8) */
  readonly cutHeldForOutcome: boolean
  /** (f)'s way out of (d) is not for a removal started by a target of the one that binds: that one's limit hides its end. */
  readonly boundByTarget: boolean
  /** A removal whose starter an asserted, undecided removal names is not acknowledged any more. */
  readonly assertedFirst: boolean
  /** A removal needs a strict majority of the members before it. (H11) */
  readonly majority: boolean
  /** Only who is settled outweighs those who have not acknowledged, in admissions and removals. (H10) */
  readonly settledMajority: boolean
  /** That is who had itself as settled when it acknowledged; off: whom some list has so. */
  readonly ownSettled: boolean
  /** A carve-out is a step of the block's own chain; off: only a register of its own. (H8) */
  readonly carveInChain: boolean
  /** A starter's assertion is true: the targets are off. Off shows what the operator's word is worth. */
  readonly truthful: boolean
  /** Assertion 2 is also true of every host that joined through the targets unseen. */
  readonly unseenAreOff: boolean
}

export const allRules: Rules = {
  cutIsMaximum: true,
  ackIsPromise: true,
  ownCounterOnly: true,
  heirHolds: 'all',
  starterDeclares: true,
  oneAtATime: true,
  givesNoTarget: true,
  countsPending: true,
  countsListed: true,
  newcomerAdopts: true,
  newcomerHolds: 'decided',
  newcomerSees: 'in effect',
  relyOnSure: true,
  toldIsPromise: true,
  adoptionOutlastsAck: true,
  starterRemoved: true,
  cutHeldForOutcome: true,
  boundByTarget: true,
  assertedFirst: true,
  majority: true,
  settledMajority: true,
  ownSettled: true,
  carveInChain: true,
  truthful: true,
  unseenAreOff: true,
}

/** Who is there and how much may happen. Peers are numbers: the settled ones first, then those who may join. */
export interface Bounds {
  readonly settled: number
  readonly joins: number
  /** How often the same newcomer may be let in. */
  readonly admissions: number
  readonly blocks: number
  /** Records in all logs together. */
  readonly records: number
  readonly gives: number
  readonly carves: number
  readonly removals: number
  /** Assertions that a removal may start with: 0 none, 1 host is down, 2 also who joined through it unseen. */
  readonly assertions: readonly number[]
  /** Later assertions. */
  readonly hostDowns: number
  readonly cancels: number
  /** A removal names this many targets at most. */
  readonly targets: number
  /** Who may write records of a kind, to look at a part of the histories only; everybody where it is not named. */
  readonly writers?: Partial<Record<Kind, readonly number[]>>
}

export const noBounds: Bounds = {
  settled: 3,
  joins: 0,
  admissions: 1,
  blocks: 1,
  records: 6,
  gives: 0,
  carves: 0,
  removals: 0,
  assertions: [1],
  hostDowns: 0,
  cancels: 0,
  targets: 1,
}

/** One search: the rules, the bounds, and the records that it met. */
export interface Setting {
  readonly rules: Rules
  readonly bounds: Bounds
  readonly book: Book
}

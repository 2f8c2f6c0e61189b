/**
 * The searches: for each rule a small one that finds, with the rule off, the history that shows why it is there; and those
 * with every rule on that must find nothing. `writers` keeps a search to the histories in question.
 */
import type { NetworkBounds } from './network-view.ts'
import { type Bounds, noBounds, type Rules } from './rules.ts'

export interface Counterexample {
  /** As in the shared reference/model.md and histories.md; F: found here. */
  readonly name: string
  readonly why: string
  readonly off: Partial<Rules>
  readonly bounds: Bounds
  /** Actions in the shortest history. */
  readonly length: number
}

export interface Sound {
  readonly name: string
  readonly bounds: Bounds
}

const asserted: Bounds = { ...noBounds, gives: 1, removals: 1, records: 6 }
const unasserted: Bounds = { ...asserted, assertions: [0], hostDowns: 1 }
const joining: Bounds = { ...asserted, joins: 1, records: 7 }

/** 1 knows of the removal of 0 when it admits 3; 0, who does not know of it, settles 3 and gives it the block. */
const late: Bounds = {
  ...unasserted,
  joins: 1,
  records: 8,
  writers: {
    admit: [1],
    'admit-ack': [0],
    give: [0],
    remove: [2],
    'remove-ack': [1],
    'host-down': [2],
  },
}

/** The admission and the removal of one each: then whole ones, a give and a carve-out fit in. */
const inTurn: Bounds = { ...joining, writers: { admit: [0], remove: [2] } }

const unseen: Bounds = {
  ...joining,
  targets: 2,
  records: 6,
  writers: { admit: [0], 'admit-ack': [1], give: [0], remove: [2] },
}

export const counterexamples: readonly Counterexample[] = [
  { name: 'V1', why: 'the cut is fixed at the start', off: { cutIsMaximum: false }, bounds: asserted, length: 4 },
  { name: 'V2', why: 'an acknowledgement is no promise', off: { ackIsPromise: false }, bounds: asserted, length: 4 },
  {
    name: 'V2b',
    why: "another's uncounted acknowledgement raises the limit",
    off: { ownCounterOnly: false },
    bounds: {
      ...unasserted,
      joins: 1,
      records: 7,
      writers: { admit: [0], give: [0], remove: [2], 'host-down': [1], 'remove-ack': [1, 3], 'admit-ack': [] },
    },
    length: 7,
  },
  { name: 'V3', why: 'an heir lacks the cut', off: { heirHolds: 'none' }, bounds: asserted, length: 4 },
  {
    name: 'V3b',
    why: "an heir's heir lacks the cut of the first",
    off: { heirHolds: 'last' },
    bounds: { ...asserted, settled: 4, removals: 2, records: 8, writers: { remove: [1] } },
    length: 8,
  },
  {
    name: 'V4',
    why: 'each view counts acknowledgements for itself',
    off: { starterDeclares: false },
    bounds: { ...unasserted, cancels: 1 },
    length: 5,
  },
  {
    name: 'V5',
    why: 'two removals of one host by two starters',
    off: { oneAtATime: false },
    bounds: { ...asserted, gives: 0, removals: 2 },
    length: 6,
  },
  {
    name: 'V6',
    why: 'pending members are not counted',
    off: { countsPending: false },
    bounds: { ...joining, writers: { admit: [0], 'admit-ack': [2], give: [0], remove: [1], 'remove-ack': [2] } },
    length: 7,
  },
  {
    name: 'V6 (lists)',
    why: 'members are counted over the starter’s list alone',
    off: { countsListed: false },
    bounds: { ...joining, writers: { admit: [0], 'admit-ack': [2], give: [0], remove: [1], 'remove-ack': [2] } },
    length: 7,
  },
  {
    name: 'V7',
    why: 'a newcomer adopts no listed removal',
    off: { newcomerAdopts: false, relyOnSure: false, newcomerHolds: 'held' },
    bounds: late,
    length: 8,
  },
  {
    name: 'V7b',
    why: 'a newcomer owns without holding a listed removal',
    off: { newcomerHolds: 'none' },
    bounds: late,
    length: 8,
  },
  {
    name: 'V7c',
    why: "a newcomer's own late acknowledgement lifts what it adopted",
    off: { adoptionOutlastsAck: false, relyOnSure: false, newcomerHolds: 'held' },
    bounds: { ...late, records: 9, writers: { ...late.writers, 'remove-ack': [1, 3] } },
    length: 9,
  },
  {
    name: 'V8',
    why: "a removal counts as cancelled without its starter's records to the cut",
    off: { cutHeldForOutcome: false },
    bounds: { ...asserted, settled: 4, removals: 2, records: 8, writers: { give: [0], remove: [1, 2] } },
    length: 8,
  },
  {
    name: 'F1',
    why: 'two removals that name each other may both be acknowledged, and who is bound by one gives to its target',
    off: { boundByTarget: false, assertedFirst: false, givesNoTarget: false },
    bounds: { ...unasserted, removals: 2, records: 8 },
    length: 8,
  },
  {
    name: 'F2',
    why: 'a host gives to the target of a removal that it has acknowledged',
    off: { givesNoTarget: false },
    bounds: {
      ...asserted,
      settled: 4,
      removals: 2,
      records: 8,
      assertions: [0, 1],
      writers: { give: [0], remove: [1], 'remove-ack': [0, 2] },
    },
    length: 8,
  },
  {
    name: 'H8',
    why: "a carve-out is not a step of the block's chain",
    off: { carveInChain: false },
    bounds: { ...noBounds, gives: 2, carves: 1, records: 3 },
    length: 3,
  },
  {
    name: 'H9',
    why: 'a removal needs no majority',
    off: { majority: false },
    bounds: unseen,
    length: 6,
  },
  {
    name: 'H11',
    why: 'assertion 2 is not true of who joined unseen',
    off: { unseenAreOff: false },
    bounds: { ...unseen, assertions: [2] },
    length: 6,
  },
  {
    name: 'a false assertion',
    why: 'the host that is said to be down runs',
    off: { truthful: false },
    bounds: unasserted,
    length: 4,
  },
]

/** Run by `npm test`. */
export const small: readonly Sound[] = [
  { name: '3 settled, 2 blocks, 2 gives, a carve-out', bounds: { ...noBounds, blocks: 2, gives: 2, carves: 1 } },
  {
    name: '3 settled, 2 removals of any assertion, later assertion, cancel, a give',
    bounds: { ...unasserted, removals: 2, cancels: 1, records: 5, assertions: [0, 1] },
  },
  { name: '3 settled, removal, 2 gives, a carve-out', bounds: { ...unasserted, gives: 2, carves: 1, records: 5 } },
  { name: '3 settled and a join, removal', bounds: { ...joining, records: 5 } },
  { name: '4 settled, removal of two at once', bounds: { ...asserted, settled: 4, targets: 2, records: 5 } },
]

/** Run by `npm run model`. */
export const large: readonly Sound[] = [
  {
    name: '3 settled, 2 gives, 2 removals, cancel, later assertion, ≤ 9 records',
    bounds: { ...unasserted, gives: 2, removals: 2, cancels: 1, records: 9 },
  },
  {
    name: '3 settled, 2 gives, a carve-out, removal, cancel, later assertion, ≤ 9',
    bounds: { ...unasserted, gives: 2, carves: 1, cancels: 1, records: 9 },
  },
  {
    name: '3 settled, 2 blocks, 2 gives, a carve-out, asserted removal, ≤ 8',
    bounds: { ...asserted, blocks: 2, gives: 2, carves: 1, records: 8 },
  },
  {
    name: '4 settled, a give, 2 asserted removals, ≤ 10',
    bounds: { ...asserted, settled: 4, removals: 2, records: 10 },
  },
  {
    name: '4 settled, 1 removes two, with and without an assertion, 0 gives, ≤ 8',
    bounds: {
      ...asserted,
      settled: 4,
      removals: 2,
      assertions: [0, 1],
      records: 8,
      writers: { give: [0], remove: [1], 'remove-ack': [0, 2, 3] },
    },
  },
  {
    name: '4 settled, a give, 2 removals, of two at once too, ≤ 9',
    bounds: { ...asserted, settled: 4, removals: 2, targets: 2, records: 9 },
  },
  { name: '3 settled and a join, a give, asserted removal, ≤ 9', bounds: { ...joining, records: 9 } },
  {
    name: '3 settled and a join, a give, removal, cancel, later assertion, ≤ 9',
    bounds: { ...unasserted, joins: 1, cancels: 1, records: 9 },
  },
  {
    name: '2 settled and a join, a give, removal with assertion 2, ≤ 9',
    bounds: { ...joining, settled: 2, assertions: [1, 2], records: 9 },
  },
  {
    name: '3 settled and a join, a give, removal of two with assertion 2, ≤ 8',
    bounds: { ...joining, assertions: [2], targets: 2, records: 8 },
  },
  { name: '3 settled and a join, a give, a carve-out, asserted removal, ≤ 7', bounds: { ...joining, carves: 1 } },
  {
    name: '3 settled, 0 admits, 1 acknowledges that, 2 removes, a give, a carve-out, ≤ 10',
    bounds: { ...inTurn, writers: { ...inTurn.writers, 'admit-ack': [1] }, carves: 1, records: 10 },
  },
  { name: '3 settled and a join, 2 blocks, a give, asserted removal, ≤ 7', bounds: { ...joining, blocks: 2 } },
  { name: '3 settled, 0 admits, 2 removes, 2 blocks, a give, ≤ 9', bounds: { ...inTurn, blocks: 2, records: 9 } },
]

const collected: NetworkBounds = { peers: 2, records: 4, checkpoints: 2, allowRule: false }

/** Run by `npm run model`, after those of `large`. */
export const largeNetworks: readonly { readonly name: string; readonly bounds: NetworkBounds }[] = [
  { name: 'a network, 2 peers, ≤ 4 records, 2 checkpoints', bounds: collected },
  { name: 'a network, 2 peers, ≤ 3 records, 3 checkpoints', bounds: { ...collected, records: 3, checkpoints: 3 } },
  { name: 'a network, 3 peers, ≤ 4 records, nothing collected', bounds: { ...collected, peers: 3, checkpoints: 0 } },
  { name: 'a network, 3 peers, ≤ 3 records, 2 checkpoints', bounds: { ...collected, peers: 3, records: 3 } },
  { name: 'an allow rule, 2 peers, ≤ 4 records, 2 checkpoints', bounds: { ...collected, allowRule: true } },
]

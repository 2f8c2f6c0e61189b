/**
 * The states of block ownership and membership. One action: a peer receives any beginnings of any logs (so delay, loss,
 * duplication and reordering between writers are all in it), then durably writes one record. A crash adds nothing: what was
 * received and not kept is as if not received, what was written and not sent is a delay.
 */
import { moved } from './apply.ts'
import { custodyOf } from './custody.ts'
import { describe } from './describe.ts'
import type { Model } from './explore.ts'
import { movesOf } from './moves.ts'
import { Book } from './records.ts'
import type { Bounds, Rules, Setting } from './rules.ts'
import { decode, encode, groupLength, heldLess, type State, symmetries } from './state.ts'
import { viewOf } from './view.ts'

interface Judged {
  /** Addresses that the peer may hand out in this view, a bit each. */
  readonly mask: number
  /** The records it may write next, by number; undefined until asked for. */
  moves: readonly number[] | undefined
}

/** A view is looked up by these many at most; then the table is begun anew. */
const VIEWS_KEPT = 1_500_000

export interface CustodyModel extends Model<State> {
  /** What may follow when the peer holds this much of each log and writes. */
  after(state: State, peer: number, held: readonly number[]): State[]
  /** Two that may hand out one address, where each holds this much of each log; undefined if there are none. */
  doubled(state: State, held: readonly (readonly number[])[]): string | undefined
}

export function custodyModel(rules: Rules, bounds: Bounds): CustodyModel {
  const setting: Setting = { rules, bounds, book: new Book() }
  const { book } = setting
  const peers = bounds.settled + bounds.joins
  const renamings = symmetries(bounds)
  let views = new Map<string, Judged>()

  function judge(peer: number, logs: readonly number[], last: boolean): Judged {
    const key = String.fromCharCode(peer, ...logs.flatMap(log => [log & 0xffff, log >>> 16]))
    const known = views.get(key)
    if (known && (last || known.moves)) return known
    const view = viewOf(
      peer,
      logs.map(log => book.log(log)),
      setting,
    )
    const custody = custodyOf(view, setting)
    const moves = last ? undefined : movesOf(view, custody, setting).map(move => book.intern(move))
    const judged: Judged = { mask: custody.mask, moves }
    if (views.size > VIEWS_KEPT) views = new Map()
    views.set(key, judged)
    return judged
  }

  const logsOf = (state: State, held: readonly number[]) =>
    held.map((length, writer) => book.prefix(state.logs[writer] as number, length))

  function after(state: State, peer: number, held: readonly number[]): State[] {
    const { moves = [] } = judge(peer, logsOf(state, held), false)
    return moves.flatMap(move => moved(state, peer, held, move, setting) ?? [])
  }

  function doubled(state: State, held: readonly (readonly number[])[]): string | undefined {
    const isOn = (peer: number) => !(state.off & (1 << peer))
    return firstDouble(held.map((own, peer) => (isOn(peer) ? judge(peer, logsOf(state, own), true).mask : 0)))
  }

  function expand(state: State, next: (successor: State) => void): string | undefined {
    const holders: number[] = []
    const last = state.logs.reduce((sum, log) => sum + book.log(log).length, 0) >= bounds.records
    for (let peer = 0; peer < peers; peer++) {
      if (state.off & (1 << peer)) continue
      let mask = 0
      // a record that several views lead to is written in the least of them: who has received less may do all the rest
      const least = new Map<number, number[][]>()
      for (const [held, logs] of viewsFrom(state, peer, book)) {
        const judged = judge(peer, logs, last)
        mask |= judged.mask
        for (const move of judged.moves ?? []) {
          const known = least.get(move)
          if (!known) least.set(move, [held])
          else if (!known.some(less => less.every((n, writer) => n <= (held[writer] as number)))) known.push(held)
        }
      }
      for (const [move, views] of least) {
        for (const held of views) {
          const successor = moved(state, peer, held, move, setting)
          if (successor) next(successor)
        }
      }
      holders[peer] = mask
    }
    return firstDouble(holders)
  }

  return {
    initial: { logs: Array(peers).fill(0), held: Array.from({ length: peers }, () => Array(peers).fill(0)), off: 0 },
    groupLength: groupLength(peers),
    covers: (a, b) => heldLess(a, b, peers),
    key: state => encode(state, renamings, book),
    fromKey: key => decode(key, peers),
    expand,
    after,
    doubled,
    describe: (from, to) => describe(from, to, book),
    depth: bounds.records,
  }
}

/** Every view that further receipt can give a peer: how much it holds of each log, and the logs so far. */
function* viewsFrom(state: State, peer: number, book: Book): Generator<[held: number[], logs: number[]]> {
  const lengths = state.logs.map(log => book.log(log).length)
  const from = state.held[peer] as number[]
  const held = [...from]
  for (;;) {
    yield [[...held], held.map((length, writer) => book.prefix(state.logs[writer] as number, length))]
    let writer = 0
    while (writer < held.length && held[writer] === lengths[writer]) {
      held[writer] = from[writer] as number
      writer++
    }
    if (writer === held.length) return
    held[writer] = (held[writer] as number) + 1
  }
}

/** @param masks by peer, the addresses that it may hand out, a bit each */
function firstDouble(masks: readonly number[]): string | undefined {
  for (const [peer, mask = 0] of masks.entries()) {
    for (const [other, theirs = 0] of masks.slice(0, peer).entries()) {
      if (theirs & mask) return `peers ${other} and ${peer} may both hand out ${addressText(theirs & mask)}`
    }
  }
  return undefined
}

function addressText(mask: number): string {
  const addresses = [0, 1, 2, 3].filter(address => mask & (1 << address))
  return addresses.map(address => `address ${address & 1} of block ${address >> 1}`).join(', ')
}

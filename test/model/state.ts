/** The whole of a state, and its shortest writing: logs, what each peer held when it last wrote, and who is off for good. */
import type { Book } from './records.ts'
import type { Bounds } from './rules.ts'

export interface State {
  /** By writer, as the book numbers them. */
  readonly logs: readonly number[]
  /** By peer and writer: how many records it held when it last wrote. */
  readonly held: readonly (readonly number[])[]
  /** Bit p: a true assertion said that p is off. */
  readonly off: number
}

export interface Renaming {
  /** New name of each peer. */
  readonly to: readonly number[]
  /** Old name of each new one. */
  readonly from: readonly number[]
}

/** All ways to exchange peers that nothing sets apart: settled ones without a block, and newcomers. */
export function symmetries(bounds: Bounds): Renaming[] {
  const all = range(0, bounds.settled + bounds.joins)
  if (bounds.writers) return [{ to: all, from: all }]
  const owners = range(0, bounds.blocks)
  const renamings: Renaming[] = []
  for (const rest of permutations(range(bounds.blocks, bounds.settled))) {
    for (const joined of permutations(range(bounds.settled, bounds.settled + bounds.joins))) {
      const to = [...owners, ...rest, ...joined]
      const from: number[] = []
      for (const [old, name] of to.entries()) from[name] = old
      renamings.push({ to, from })
    }
  }
  return renamings
}

/** A state's name up to symmetry: what is the same in states that may cover one another, then what each peer held. */
export function encode(state: State, renamings: readonly Renaming[], book: Book): string {
  let least: string | undefined
  for (const { to, from } of renamings) {
    const codes: number[] = []
    for (const old of from) {
      const log = book.renameLog(state.logs[old] as number, to)
      codes.push(log & 0xffff, log >>> 16)
    }
    let off = 0
    for (const [name, old] of from.entries()) if (state.off & (1 << old)) off |= 1 << name
    codes.push(off)
    for (const old of from) {
      let code = 0
      for (const writer of from) code = (code << 4) | ((state.held[old] as readonly number[])[writer] as number)
      codes.push(code & 0xffff, code >>> 16)
    }
    const text = String.fromCharCode(...codes)
    if (least === undefined || text < least) least = text
  }
  return least as string
}

/** How much of the key names logs and who is off. */
export function groupLength(peers: number): number {
  return 2 * peers + 1
}

/** True if in `a` every peer held at most what it held in `b`, so that all that may follow from `b` may follow from `a`. */
export function heldLess(a: string, b: string, peers: number): boolean {
  for (let i = groupLength(peers); i < a.length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if ((x & 15) > (y & 15) || (x & 0xf0) > (y & 0xf0) || (x & 0xf00) > (y & 0xf00) || (x & 0xf000) > (y & 0xf000))
      return false
  }
  return true
}

export function decode(key: string, peers: number): State {
  const number = (at: number) => (key.charCodeAt(at) | (key.charCodeAt(at + 1) << 16)) >>> 0
  const logs = range(0, peers).map(peer => number(2 * peer))
  const held = range(0, peers).map(peer => {
    const code = number(groupLength(peers) + 2 * peer)
    return range(0, peers).map(writer => (code >>> (4 * (peers - 1 - writer))) & 15)
  })
  return { logs, held, off: key.charCodeAt(2 * peers) }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}

function* permutations(of: readonly number[]): Generator<number[]> {
  if (of.length === 0) yield []
  for (const first of of) for (const rest of permutations(of.filter(x => x !== first))) yield [first, ...rest]
}

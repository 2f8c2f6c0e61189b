/** Which addresses a peer may hand out in a view: chains of custody, limits, heirs, the newcomer's rule (R1–R6, R9). */
import { isSettled } from './majority.ts'
import type { Rec } from './records.ts'
import type { Setting } from './rules.ts'
import { openListed } from './told.ts'
import type { View } from './view.ts'

/** Address 2·block is never carved out, 2·block + 1 may be. */
export interface Holding {
  readonly block: number
  /** The last step that counts; −1 at the genesis. */
  readonly of: number
  readonly carved: boolean
}

export interface Custody {
  /** Blocks that the peer may give and carve. */
  readonly blocks: readonly Holding[]
  /** Carved addresses that it may pass on; `of` is the last step. */
  readonly addresses: readonly Holding[]
  /** Bit a: it may hand out address a. */
  readonly mask: number
}

interface Chain {
  readonly steps: readonly Rec[]
  readonly owner: number
}

/** A block's owner at its genesis is the peer of the same number. */
export function custodyOf(view: View, setting: Setting): Custody {
  const blocks: Holding[] = []
  const addresses: Holding[] = []
  let mask = 0
  const may = mayOwn(view, setting)
  for (let block = 0; may && block < setting.bounds.blocks; block++) {
    const chains = chainsOf(view, block, setting)
    const chain = longest(chains)
    if (!chain) continue
    const carve = carvesOf(view, block, chain, setting)
    if (holds(view, chain, setting)) {
      blocks.push({ block, of: lastOf(chain), carved: carve !== undefined })
      mask |= (carve ? 1 : 3) << (2 * block)
    }
    const register = carve && longest(registersOf(view, carve, setting))
    if (register && holds(view, register, setting)) {
      addresses.push({ block, of: lastOf(register), carved: true })
      mask |= 2 << (2 * block)
    }
  }
  return { blocks, addresses, mask }
}

function lastOf(chain: Chain): number {
  return chain.steps.at(-1)?.id ?? -1
}

function mayOwn(view: View, { bounds }: Setting): boolean {
  const { peer } = view
  if (view.removed.has(peer)) return false
  return peer < bounds.settled || isSettled(peer, view.logs[peer] as readonly Rec[])
}

function chainsOf(view: View, block: number, { book, rules }: Setting): Chain[] {
  const ends = view.records.filter(
    r => r.block === block && (r.kind === 'give' || (r.kind === 'carve' && rules.carveInChain)),
  )
  const chains = ends.map(end =>
    valid(
      view,
      ancestry(end, id => book.record(id)),
      block,
    ),
  )
  return [{ steps: [], owner: block }, ...chains]
}

function registersOf(view: View, carve: Rec, { book }: Setting): Chain[] {
  const record = (id: number) => book.record(id)
  const passes = view.records.filter(r => r.kind === 'pass' && ancestry(r, record, carve)[0]?.of === carve.id)
  return [
    { steps: [], owner: carve.to },
    ...passes.map(end => valid(view, ancestry(end, record, carve), carve.to)),
  ].map(chain => ({ owner: chain.owner, steps: [carve, ...chain.steps] }))
}

/** The carve-out of a block's second address, from its chain; without `carveInChain` from any record of it. */
function carvesOf(view: View, block: number, chain: Chain, { rules }: Setting): Rec | undefined {
  const among = rules.carveInChain ? chain.steps : view.records
  return among.find(r => r.kind === 'carve' && r.block === block)
}

/** Steps from the first (after `root`, if given) to this one. */
function ancestry(end: Rec, record: (id: number) => Rec, root?: Rec): Rec[] {
  const steps = [end]
  for (let of = end.of; of >= 0 && of !== root?.id; ) {
    const step = record(of)
    steps.unshift(step)
    of = step.of
  }
  return steps
}

/** The beginning that counts: up to the first step above its giver's limit, or by one who is neither owner nor heir. */
function valid(view: View, steps: readonly Rec[], first: number): Chain {
  let owner = first
  for (const [i, step] of steps.entries()) {
    if (step.counter > (view.limits[step.writer] as number) || !inherits(view, owner, step.writer))
      return { steps: steps.slice(0, i), owner }
    owner = step.kind === 'carve' ? step.writer : step.to
  }
  return { steps, owner }
}

/** The owner and those who come after it through asserted removals, in turn. */
export function succession(view: View, owner: number): { peers: number[]; quarantined: boolean } {
  const peers = [owner]
  for (let at = owner; ; ) {
    const removed = view.removed.get(at)
    if (!removed) return { peers, quarantined: false }
    if (!removed.asserted) return { peers, quarantined: true }
    at = removed.heir
    if (peers.includes(at)) return { peers, quarantined: true }
    peers.push(at)
  }
}

function inherits(view: View, owner: number, giver: number): boolean {
  return owner === giver || succession(view, owner).peers.includes(giver)
}

/** The longest chain, if all others are its beginnings. */
function longest(chains: readonly Chain[]): Chain | undefined {
  let best = chains[0] as Chain
  for (const chain of chains) if (chain.steps.length > best.steps.length) best = chain
  return chains.every(chain => chain.steps.every((step, i) => step === best.steps[i])) ? best : undefined
}

function holds(view: View, chain: Chain, setting: Setting): boolean {
  const { rules, bounds } = setting
  const { peer } = view
  const { peers, quarantined } = succession(view, chain.owner)
  if (quarantined || peers.at(-1) !== peer) return false
  const before = peers.slice(0, -1)
  const needed = rules.heirHolds === 'all' ? before : rules.heirHolds === 'last' ? before.slice(-1) : []
  if (!needed.every(p => (view.logs[p] as readonly Rec[]).length >= (view.removed.get(p)?.cut ?? 0))) return false
  if (peer < bounds.settled || !rules.newcomerAdopts) return true
  const own = view.logs[peer] as readonly Rec[]
  return openListed(view, setting).every(removal => {
    if (!rules.adoptionOutlastsAck && own.some(r => r.kind === 'remove-ack' && r.of === removal.id)) return true
    return !chain.steps.some(step => removal.targets.includes(step.writer))
  })
}

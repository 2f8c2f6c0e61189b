/** What a peer makes of the records of one network: which acts live, the next generation's number, who owns the block. */

export interface NetworkRules {
  /** A deleted number is never used again, not even once its deletion is collected. (H1) */
  readonly keepsGeneration: boolean
  /** A deletion raises the number by itself, before the creation is known. (V10) */
  readonly deletionRaises: boolean
  /** So does a rename. (H2) */
  readonly renameRaises: boolean
  /** Registers live as long as the network's acts. (H6) */
  readonly keepsRegisters: boolean
  /** Stable takes two rounds: all cover it, then all cover what anybody held then. (V9, H13) */
  readonly twoRounds: boolean
  /** A deletion goes only once the drops are stable of the acts that it ends; only of those that it names; of none. (F2) */
  readonly actsFirst: 'ended' | 'named' | 'none'
}

export const allNetworkRules: NetworkRules = {
  keepsGeneration: true,
  deletionRaises: true,
  renameRaises: true,
  keepsRegisters: true,
  twoRounds: true,
  actsFirst: 'ended',
}

export interface NetworkBounds {
  readonly peers: number
  /** Creations, deletions, renames and gives together. */
  readonly records: number
  readonly checkpoints: number
  /** The object is an allow rule: a deletion ends concurrent creations too. */
  readonly allowRule: boolean
}

/** Records are named `writer.counter` in `acts` and `drops`. */
export type Leaf =
  | { readonly kind: 'create'; readonly generation: number }
  | { readonly kind: 'delete'; readonly generation: number; readonly acts: readonly string[] }
  | { readonly kind: 'rename'; readonly generation: number }
  | { readonly kind: 'give'; readonly generation: number; readonly epoch: number; readonly to: number }
  | { readonly kind: 'checkpoint'; readonly drops: readonly string[] }

export interface NetworkState {
  readonly logs: readonly (readonly Leaf[])[]
  readonly held: readonly (readonly number[])[]
  /** By peer: what all were seen to hold (round one), and what somebody held then. */
  readonly notes: readonly (readonly [least: readonly number[], most: readonly number[]] | null)[]
  /** By peer: the vector that it knows to be stable. */
  readonly stable: readonly (readonly number[])[]
}

export interface Held {
  readonly name: string
  readonly writer: number
  readonly counter: number
  readonly leaf: Leaf
}

export interface NetworkView {
  readonly all: readonly Held[]
  readonly live: readonly Held[]
}

export function viewOf(logs: NetworkState['logs'], held: readonly number[]): NetworkView {
  const all = logs.flatMap((log, writer) =>
    log.slice(0, held[writer]).map((leaf, i) => ({ name: `${writer}.${i + 1}`, writer, counter: i + 1, leaf })),
  )
  const dropped = new Set(all.flatMap(({ leaf }) => (leaf.kind === 'checkpoint' ? leaf.drops : [])))
  return { all, live: all.filter(r => !dropped.has(r.name)) }
}

/** True if a deletion ends a creation: it has seen it, or (an allow rule) any of its number. */
export function ends(deletion: Held, act: Held, bounds: NetworkBounds): boolean {
  const { leaf } = deletion
  if (leaf.kind !== 'delete' || act.leaf.kind !== 'create') return false
  return leaf.acts.includes(act.name) || (bounds.allowRule && leaf.generation >= act.leaf.generation)
}

/** The generations that exist: an act that no deletion ends. */
export function existing(records: readonly Held[], bounds: NetworkBounds): Set<number> {
  const found = new Set<number>()
  for (const act of records)
    if (act.leaf.kind === 'create' && !records.some(r => ends(r, act, bounds))) found.add(act.leaf.generation)
  return found
}

export function nextGeneration({ all, live }: NetworkView, rules: NetworkRules): number {
  let next = 0
  for (const { leaf } of rules.keepsGeneration ? all : live) {
    const known = (g: number) => all.some(r => r.leaf.kind === 'create' && r.leaf.generation === g)
    const raises =
      (leaf.kind === 'delete' && (rules.deletionRaises || known(leaf.generation))) ||
      (leaf.kind === 'rename' && rules.renameRaises)
    if (raises) next = Math.max(next, leaf.generation + 1)
  }
  return next
}

/** The block's owner in a network that exists: peer 0 at the genesis, then by the longest chain (each step carries those before). */
export function ownerOf({ live }: NetworkView, generation: number, rules: NetworkRules): number {
  const forgotten = live.some(({ leaf }) => leaf.kind === 'delete' && leaf.generation === generation)
  if (!rules.keepsRegisters && forgotten) return 0
  let owner = 0
  let epoch = 0
  for (const { leaf } of live) {
    if (leaf.kind !== 'give' || leaf.generation !== generation || leaf.epoch <= epoch) continue
    owner = leaf.to
    epoch = leaf.epoch
  }
  return owner
}

/**
 * Whose a block or a carved-out address is: its chain of steps, read by the rules of removal (R9). A chain counts up to its first
 * step above the limit of its giver; the next step may be given by the heir of an owner that is gone.
 */
import { toHex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Chain } from './blocks.ts'
import type { Step } from './leaves.ts'
import type { LeafRecord } from './live-set.ts'

export interface CustodyRules {
  /** Changes with every answer that the others may change. */
  readonly version: number
  /** Counter above which nothing that this writer gave counts; undefined for none. */
  limit(writer: PeerKey): number | undefined
  /** Who may give in the place of an owner that is gone: its heir, and the heir's. */
  heirs(owner: PeerKey): readonly PeerKey[]
  /** Who has what this owner had, and whether that may be used here. */
  successor(owner: PeerKey): { owner: PeerKey; quarantined: boolean }
  /** True if this peer may not own what came to it by a step of this giver (R4: a newcomer and an undecided removal). */
  isDoubtful(giver: PeerKey): boolean
  /** False while this peer may own nothing at all (R4: a newcomer that does not hold every removal that it was told of). */
  readonly mayOwn: boolean
  readonly self: PeerKey | undefined
}

type StepsOf<L extends Chain> = L['transfers']

const none: readonly never[] = []
const memo = new WeakMap<readonly unknown[], { version: number; root: PeerKey; steps: readonly (readonly Step[])[] }>()

/** What of the chains counts from `root` on: none, one, or, after a fork, several, none a beginning of another. */
export function countedSteps<L extends Chain>(
  records: readonly LeafRecord<L>[],
  root: PeerKey,
  rules: CustodyRules,
): readonly StepsOf<L>[] {
  if (records.length === 0) return none
  const known = memo.get(records)
  if (known?.version === rules.version && known.root === root) return known.steps as readonly StepsOf<L>[]
  const found: (readonly Step[])[] = []
  for (const { leaf } of records) {
    const steps = counted(leaf.transfers, root, rules)
    if (steps.length === 0 || found.some(other => isBeginning(steps, other))) continue
    const longer = found.filter(other => !isBeginning(other, steps))
    found.splice(0, found.length, ...longer, steps)
  }
  memo.set(records, { version: rules.version, root, steps: found })
  return found as readonly StepsOf<L>[]
}

function counted(steps: readonly Step[], root: PeerKey, rules: CustodyRules): readonly Step[] {
  let owner = root
  for (const [i, { from, to, counter }] of steps.entries()) {
    const mayGive = from === owner || rules.heirs(owner).includes(from)
    if (!mayGive || counter > (rules.limit(from) ?? counter)) return steps.slice(0, i)
    owner = to
  }
  return steps
}

/**
 * True if the chain stops counting at a step whose giver had nothing to give. One that stops at a step above its giver's limit is
 * honest, and so may be what rests on that.
 */
export function isUnfounded(steps: readonly Step[], root: PeerKey, rules: CustodyRules): boolean {
  const before = counted(steps, root, rules)
  const next = steps[before.length]
  return next !== undefined && next.counter <= (rules.limit(next.from) ?? next.counter)
}

/** Both chains are sound: steps with the same signature are the same. */
function isBeginning(a: readonly Step[], b: readonly Step[]): boolean {
  return a.length <= b.length && a.every((step, i) => toHex(step.signature) === toHex((b[i] as Step).signature))
}

export interface Holder {
  readonly owner: PeerKey
  readonly epoch: number
  /** Nobody, or not this peer, may use it. */
  readonly quarantined: boolean
  /** Whose it was when a removal made it the owner's. */
  readonly inheritedFrom?: PeerKey
}

/** The owner by these steps. */
export function holderOf(chains: readonly (readonly Step[])[], root: PeerKey, rules: CustodyRules): Holder {
  const steps = chains[0] ?? []
  const last = steps.at(-1)
  const { owner, quarantined } = rules.successor(last?.to ?? root)
  const isDoubtful = owner === rules.self && (!rules.mayOwn || steps.some(step => rules.isDoubtful(step.from)))
  const held = { owner, epoch: last?.epoch ?? 0, quarantined: quarantined || isDoubtful || chains.length > 1 }
  const before = ownerBefore(owner, steps, root)
  return before === owner ? held : { ...held, inheritedFrom: before }
}

/** Whose it was, by the steps, before the last ones, by which the owner carved addresses out of it. */
function ownerBefore(owner: PeerKey, steps: readonly Step[], root: PeerKey): PeerKey {
  let at = steps.length - 1
  while (at >= 0 && steps[at]?.from === owner && steps[at]?.to === owner) at--
  return steps[at]?.to ?? root
}

/**
 * One name, `web`: creation, deletion, rename, custody of one block, and collection by the writers' checkpoints. A state is
 * what a peer holds of each log; receiving one record is an action here, since collection asks what everybody holds.
 * What a view shows must not depend on what was collected: that is the second thing judged, beside I1.
 */
import type { Model } from './explore.ts'
import {
  ends,
  existing,
  type Held,
  type Leaf,
  type NetworkBounds,
  type NetworkRules,
  type NetworkState,
  type NetworkView,
  nextGeneration,
  ownerOf,
  viewOf,
} from './network-view.ts'

const covers = (a: readonly number[], b: readonly number[]) => a.every((n, i) => n >= (b[i] as number))
const least = (vectors: readonly (readonly number[])[]) => joined(vectors, Math.min)
const most = (vectors: readonly (readonly number[])[]) => joined(vectors, Math.max)

function joined(vectors: readonly (readonly number[])[], pick: (...n: number[]) => number): number[] {
  return (vectors[0] as readonly number[]).map((_, i) => pick(...vectors.map(v => v[i] as number)))
}

export function networkModel(rules: NetworkRules, bounds: NetworkBounds): Model<NetworkState> {
  const peers = Array.from({ length: bounds.peers }, (_, p) => p)
  const zero = peers.map(() => 0)

  function writes(state: NetworkState, peer: number, view: NetworkView): Leaf[] {
    const leaves = state.logs.flat()
    const found: Leaf[] = []
    const exist = existing(view.live, bounds)
    if (leaves.filter(l => l.kind !== 'checkpoint').length < bounds.records) {
      const renamed = (g: number) => view.all.some(r => r.leaf.kind === 'rename' && r.leaf.generation === g)
      if (![...exist].some(g => !renamed(g))) found.push({ kind: 'create', generation: nextGeneration(view, rules) })
      for (const generation of exist) {
        const acts = view.live
          .filter(r => r.leaf.kind === 'create' && r.leaf.generation === generation)
          .map(r => r.name)
        found.push({ kind: 'delete', generation, acts })
        if (!renamed(generation)) found.push({ kind: 'rename', generation })
        if (ownerOf(view, generation, rules) !== peer) continue
        const steps = view.live.map(r => r.leaf).filter(l => l.kind === 'give' && l.generation === generation)
        const epoch = 1 + Math.max(0, ...steps.map(l => (l.kind === 'give' ? l.epoch : 0)))
        for (const to of peers) if (to !== peer) found.push({ kind: 'give', generation, epoch, to })
      }
    }
    if (leaves.filter(l => l.kind === 'checkpoint').length < bounds.checkpoints) {
      const drops = droppable(state, peer, view)
      for (const drop of drops) found.push({ kind: 'checkpoint', drops: [drop] })
      if (drops.length > 1) found.push({ kind: 'checkpoint', drops })
    }
    return found
  }

  /** The own leaves that a checkpoint may drop (docs/notes/0004): it and what supersedes it are stable. */
  function droppable(state: NetworkState, peer: number, view: NetworkView): string[] {
    const stable = state.stable[peer] as readonly number[]
    const isStable = (r: Held) => r.counter <= (stable[r.writer] as number)
    const exist = existing(view.live, bounds)
    const deletions = view.live.filter(r => r.leaf.kind === 'delete' && isStable(r))
    const gone = (act: string) => {
      const drop = view.all.find(r => r.leaf.kind === 'checkpoint' && r.leaf.drops.includes(act))
      return drop !== undefined && isStable(drop)
    }
    const may = view.live.filter(r => {
      if (r.writer !== peer || !isStable(r)) return false
      const { leaf } = r
      if (leaf.kind === 'create') return deletions.some(d => ends(d, r, bounds))
      if (leaf.kind === 'delete') {
        const ended = view.all.filter(o => ends(r, o, bounds)).map(o => o.name)
        return rules.actsFirst === 'none' || (rules.actsFirst === 'named' ? leaf.acts : ended).every(gone)
      }
      if (leaf.kind === 'give')
        return (
          !exist.has(leaf.generation) &&
          view.all.every(o => o.leaf.kind !== 'create' || o.leaf.generation !== leaf.generation || gone(o.name))
        )
      return false
    })
    return may.map(r => r.name)
  }

  function expand(state: NetworkState, next: (successor: NetworkState) => void): string | undefined {
    const holders = new Map<number, Set<number>>()
    let broken: string | undefined
    for (const peer of peers) {
      const held = state.held[peer] as readonly number[]
      for (const reach of vectors(held, state.logs)) {
        const view = viewOf(state.logs, reach)
        const exist = existing(view.live, bounds)
        const shouldExist = existing(view.all, bounds)
        for (const g of exist) {
          if (!shouldExist.has(g)) broken ??= `in a view of peer ${peer} a collected deletion of web ${g} is forgotten`
          if (ownerOf(view, g, rules) !== peer) continue
          holders.set(g, (holders.get(g) ?? new Set()).add(peer))
        }
        for (const g of shouldExist)
          if (!exist.has(g)) broken ??= `in a view of peer ${peer} web ${g}, which lives, was collected`
      }
      const view = viewOf(state.logs, held)
      for (const leaf of writes(state, peer, view)) {
        const known = view.all.map(r => r.leaf).filter(l => l.kind === 'delete' || l.kind === 'rename')
        if (leaf.kind === 'create' && known.some(l => l.generation >= leaf.generation))
          broken ??= `peer ${peer} creates a new web and gets the identity of one that it knows to be deleted or renamed`
        const logs = state.logs.map((log, p) => (p === peer ? [...log, leaf] : log))
        next({
          ...state,
          logs,
          held: state.held.map((h, p) => (p === peer ? h.map((n, w) => (w === peer ? n + 1 : n)) : h)),
        })
      }
      for (const writer of peers) {
        if ((held[writer] as number) >= (state.logs[writer] as readonly Leaf[]).length) continue
        next({
          ...state,
          held: state.held.map((h, p) => (p === peer ? h.map((n, w) => (w === writer ? n + 1 : n)) : h)),
        })
      }
      const floor = least(state.held)
      const note = state.notes[peer]
      const put = <T>(list: readonly T[], value: T) => list.map((old, p) => (p === peer ? value : old))
      if (bounds.checkpoints > 0) {
        if (!rules.twoRounds) {
          if (!covers(state.stable[peer] as readonly number[], floor))
            next({ ...state, stable: put(state.stable, floor) })
        } else if (!note) {
          if (!covers(state.stable[peer] as readonly number[], floor))
            next({ ...state, notes: put(state.notes, [floor, most(state.held)] as const) })
        } else if (covers(floor, note[1])) {
          next({ ...state, notes: put(state.notes, null), stable: put(state.stable, note[0]) })
        }
      }
    }
    for (const [g, who] of holders)
      if (who.size > 1) broken ??= `peers ${[...who].join(' and ')} may both hand out the block of web ${g}`
    return broken
  }

  return {
    initial: {
      logs: peers.map(() => []),
      held: peers.map(() => zero),
      notes: peers.map(() => null),
      stable: peers.map(() => zero),
    },
    key: state => JSON.stringify([state.logs, state.held, state.notes, state.stable]),
    fromKey: key => {
      const [logs, held, notes, stable] = JSON.parse(key)
      return { logs, held, notes, stable }
    },
    groupLength: Infinity,
    covers: (a, b) => a === b,
    expand,
    describe,
    depth: Infinity,
  }
}

/** Every vector that further receipt can lead to. */
function* vectors(from: readonly number[], logs: NetworkState['logs'], writer = 0): Generator<number[]> {
  if (writer === from.length) {
    yield []
    return
  }
  for (let n = from[writer] as number; n <= (logs[writer] as readonly Leaf[]).length; n++)
    for (const rest of vectors(from, logs, writer + 1)) yield [n, ...rest]
}

function describe(from: NetworkState, to: NetworkState): string {
  for (const [peer, log] of to.logs.entries()) {
    const leaf = log.length > (from.logs[peer] as readonly Leaf[]).length ? log.at(-1) : undefined
    if (leaf) return `peer ${peer} writes its ${log.length}: ${JSON.stringify(leaf)}`
  }
  for (const [peer, held] of to.held.entries())
    for (const [writer, n] of held.entries())
      if (n > ((from.held[peer] as readonly number[])[writer] as number))
        return `peer ${peer} receives ${writer}'s ${n}`
  const peer = to.stable.findIndex(
    (s, p) => JSON.stringify([s, to.notes[p]]) !== JSON.stringify([from.stable[p], from.notes[p]]),
  )
  return `peer ${peer} ${to.notes[peer] ? 'notes what all hold' : `knows ${to.stable[peer]} to be stable`}`
}

/**
 * A map that never changes, by names: the next one has what differs, and shares the rest with it. To make it, and to say afterwards in what
 * two of them differ, costs what differs, however much they hold.
 *
 * A tree by the hash of the name; where few names are left, it is an ordinary map. What is shared is the same object.
 */

/** A leaf with more names becomes a branch. */
const leafSize = 16
/** Of the hash for each branch. */
const bits = 4
const width = 1 << bits
/** There is no more of the hash: names whose hashes are equal stay in one leaf. */
const deepest = 32 / bits

type Leaf<V> = ReadonlyMap<string, V>
type Branch<V> = readonly Node<V>[]
type Node<V> = Leaf<V> | Branch<V>
/** undefined for a name that goes. */
type Change<V> = readonly [name: string, value: V | undefined]

export class SharedMap<V> implements ReadonlyMap<string, V> {
  readonly size: number
  readonly #root: Node<V>

  private constructor(root: Node<V>, size: number) {
    this.#root = root
    this.size = size
  }

  /** The same object if it is one already. */
  static of<V>(entries: Iterable<readonly [string, V]> = []): SharedMap<V> {
    return entries instanceof SharedMap ? entries : SharedMap.#fresh(new Map(entries))
  }

  /** Of several changes of one name the last counts. The same object if nothing differs. */
  with(changes: Iterable<Change<V>>): SharedMap<V> {
    const last = new Map<string, V | undefined>()
    for (const [name, value] of changes) last.set(name, value)
    if (this.size === 0) return last.size === 0 ? this : SharedMap.#fresh(last)
    let size = this.size
    for (const [name, value] of last) size += Number(value !== undefined) - Number(this.has(name))
    const root = changed(this.#root, [...last], 0)
    return root === this.#root ? this : new SharedMap(root, size)
  }

  static #fresh<V>(changes: Map<string, V | undefined>): SharedMap<V> {
    const entries = new Map<string, V>()
    for (const [name, value] of changes) if (value !== undefined) entries.set(name, value)
    return new SharedMap(branched(entries, 0), entries.size)
  }

  get(name: string): V | undefined {
    let node = this.#root
    for (let rest = hashOf(name); isBranch(node); rest >>>= bits) node = node[rest & (width - 1)] as Node<V>
    return node.get(name)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  *entries(): MapIterator<[string, V]> {
    yield* entriesIn(this.#root)
  }

  *keys(): MapIterator<string> {
    for (const [name] of this) yield name
  }

  *values(): MapIterator<V> {
    for (const [, value] of this) yield value
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }

  forEach(visit: (value: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [name, value] of this) visit(value, name, this)
  }

  /** Names for which two maps do not have the same object, sorted. What they share is not looked at. */
  static differences<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): string[] {
    const rootOf = (map: ReadonlyMap<string, V>) => (map instanceof SharedMap ? (map.#root as Node<V>) : map)
    return [...differing(rootOf(a), rootOf(b))].sort()
  }
}

function isBranch<V>(node: Node<V>): node is Branch<V> {
  return Array.isArray(node)
}

function changed<V>(node: Node<V>, changes: readonly Change<V>[], depth: number): Node<V> {
  if (changes.length === 0) return node
  if (!isBranch(node)) return changedLeaf(node, changes, depth)
  const parts = Array.from({ length: width }, (): Change<V>[] => [])
  for (const change of changes) parts[partOf(change[0], depth)]?.push(change)
  const next = node.map((child, at) => changed(child, parts[at] ?? [], depth + 1))
  return next.some((child, at) => child !== node[at]) ? next : node
}

function changedLeaf<V>(leaf: Leaf<V>, changes: readonly Change<V>[], depth: number): Node<V> {
  const real = changes.filter(([name, value]) => leaf.get(name) !== value)
  if (real.length === 0) return leaf
  const next = new Map(leaf)
  for (const [name, value] of real) {
    if (value === undefined) next.delete(name)
    else next.set(name, value)
  }
  return branched(next, depth)
}

/** The entries as a leaf, if they are few, or as a branch of leaves. */
function branched<V>(entries: Map<string, V>, depth: number): Node<V> {
  if (entries.size <= leafSize || depth === deepest) return entries
  const parts = Array.from({ length: width }, () => new Map<string, V>())
  for (const [name, value] of entries) parts[partOf(name, depth)]?.set(name, value)
  return parts.map(part => branched(part, depth + 1))
}

function* entriesIn<V>(node: Node<V>): Generator<[string, V], undefined> {
  if (!isBranch(node)) yield* node
  else for (const child of node) yield* entriesIn(child)
}

function* differing<V>(a: Node<V>, b: Node<V>): Generator<string> {
  if (a === b) return
  if (isBranch(a) && isBranch(b)) {
    for (const [at, child] of a.entries()) yield* differing(child, b[at] as Node<V>)
    return
  }
  const [was, is] = [a, b].map(node => (isBranch(node) ? new Map(entriesIn(node)) : node)) as [Leaf<V>, Leaf<V>]
  for (const [name, value] of was) if (is.get(name) !== value) yield name
  for (const name of is.keys()) if (!was.has(name)) yield name
}

function partOf(name: string, depth: number): number {
  return (hashOf(name) >>> (bits * depth)) & (width - 1)
}

/** FNV-1a of 32 bits, its high bits folded into the low ones, by which the first branches go. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

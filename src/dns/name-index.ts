/** The names of one network's endpoints, and the members of its groups. One that comes or goes costs the same however many there are. */
import type { Endpoint } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'

/** Of this host's endpoints, and of the others'. Ascending. */
export interface Addresses {
  readonly own: readonly number[]
  readonly others: readonly number[]
}

/** Those of either, each once. */
export function both(a: Addresses | undefined, b: Addresses | undefined): Addresses | undefined {
  if (!a || !b) return a ?? b
  const union = (one: readonly number[], other: readonly number[]) =>
    [...new Set([...one, ...other])].sort((x, y) => x - y)
  return { own: union(a.own, b.own), others: union(a.others, b.others) }
}

/** Those of both; undefined if there are none. */
export function common(a: Addresses | undefined, b: Addresses | undefined): Addresses | undefined {
  if (!a || !b) return undefined
  const cut = (one: readonly number[], other: readonly number[]) => one.filter(ip => other.includes(ip))
  const found = { own: cut(a.own, b.own), others: cut(a.others, b.others) }
  return found.own.length + found.others.length === 0 ? undefined : found
}

interface Named {
  readonly isOwn: boolean
  readonly group: GroupId | undefined
  /** In lower case, each once. */
  readonly names: readonly string[]
}

type Lists = Record<keyof Addresses, number[]>

export class NameIndex {
  readonly #self: PeerKey
  readonly #byName = new Map<string, Lists>()
  readonly #byGroup = new Map<GroupId, Lists>()
  readonly #byAddress = new Map<number, Named[]>()

  constructor(self: PeerKey) {
    this.#self = self
  }

  /** Addresses of a name in lower case; they change with the index. */
  addresses(name: string): Addresses | undefined {
    return this.#byName.get(name)
  }

  /** Addresses of the members of a group; they change with the index. */
  members(group: GroupId): Addresses | undefined {
    return this.#byGroup.get(group)
  }

  /** Everybody who has the address, from now on. */
  put(ip: number, endpoints: readonly Endpoint[]): void {
    for (const named of this.#byAddress.get(ip) ?? []) {
      for (const name of named.names) remove(this.#byName, name, ip, named.isOwn)
      if (named.group !== undefined) remove(this.#byGroup, named.group, ip, named.isOwn)
    }
    this.#byAddress.delete(ip)
    for (const endpoint of endpoints) this.add(endpoint)
  }

  add({ ip, owner, containerName, aliases, group }: Endpoint): void {
    const isOwn = owner === this.#self
    const names = new Set([containerName, ...aliases].map(name => name.toLowerCase()).filter(name => name !== ''))
    const named = { isOwn, group, names: [...names] }
    const here = this.#byAddress.get(ip)
    if (here) here.push(named)
    else this.#byAddress.set(ip, [named])
    for (const name of names) insert(this.#byName, name, ip, isOwn)
    if (group !== undefined) insert(this.#byGroup, group, ip, isOwn)
  }
}

function insert(map: Map<string, Lists>, key: string, ip: number, isOwn: boolean): void {
  const lists = map.get(key) ?? { own: [], others: [] }
  map.set(key, lists)
  const list = isOwn ? lists.own : lists.others
  list.splice(placeOf(list, ip), 0, ip)
}

function remove(map: Map<string, Lists>, key: string, ip: number, isOwn: boolean): void {
  const lists = map.get(key)
  if (!lists) return
  const list = isOwn ? lists.own : lists.others
  list.splice(placeOf(list, ip) - 1, 1)
  if (lists.own.length + lists.others.length === 0) map.delete(key)
}

/** Index behind the last that is not above `ip`. */
function placeOf(list: readonly number[], ip: number): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle] as number) <= ip) low = middle + 1
    else high = middle
  }
  return low
}

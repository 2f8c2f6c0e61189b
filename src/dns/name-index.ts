/** The names of one network's endpoints. One that comes or goes costs the same however many there are. */
import type { Endpoint } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'

/** Of this host's endpoints, and of the others'. Ascending. */
export interface Addresses {
  readonly own: readonly number[]
  readonly others: readonly number[]
}

interface Named {
  readonly isOwn: boolean
  readonly containerName: string
  /** In lower case, each once. */
  readonly names: readonly string[]
}

type Lists = Record<keyof Addresses, number[]>

export class NameIndex {
  readonly #self: PeerKey
  readonly #byName = new Map<string, Lists>()
  readonly #byAddress = new Map<number, Named[]>()

  constructor(self: PeerKey) {
    this.#self = self
  }

  /** Addresses of a name in lower case; they change with the index. */
  addresses(name: string): Addresses | undefined {
    return this.#byName.get(name)
  }

  /** Name of the container with this address, as it is written. */
  nameOf(ip: number): string | undefined {
    return this.#byAddress.get(ip)?.findLast(({ containerName }) => containerName !== '')?.containerName
  }

  /** Everybody who has the address, from now on. */
  put(ip: number, endpoints: readonly Endpoint[]): void {
    for (const named of this.#byAddress.get(ip) ?? []) {
      for (const name of named.names) this.#remove(name, ip, named.isOwn)
    }
    this.#byAddress.delete(ip)
    for (const endpoint of endpoints) this.add(endpoint)
  }

  add({ ip, owner, containerName, aliases }: Endpoint): void {
    const isOwn = owner === this.#self
    const names = new Set([containerName, ...aliases].map(name => name.toLowerCase()).filter(name => name !== ''))
    const named = { isOwn, containerName, names: [...names] }
    const here = this.#byAddress.get(ip)
    if (here) here.push(named)
    else this.#byAddress.set(ip, [named])
    for (const name of names) this.#insert(name, ip, isOwn)
  }

  #insert(name: string, ip: number, isOwn: boolean): void {
    const lists = this.#byName.get(name) ?? { own: [], others: [] }
    this.#byName.set(name, lists)
    const list = isOwn ? lists.own : lists.others
    list.splice(placeOf(list, ip), 0, ip)
  }

  #remove(name: string, ip: number, isOwn: boolean): void {
    const lists = this.#byName.get(name)
    if (!lists) return
    const list = isOwn ? lists.own : lists.others
    list.splice(placeOf(list, ip) - 1, 1)
    if (lists.own.length + lists.others.length === 0) this.#byName.delete(name)
  }
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

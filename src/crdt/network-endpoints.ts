/** The live endpoints of one network by address, which of them changed last, and which addresses were ever used. */
import type { NetworkId } from '../model/network.ts'
import { unpack } from './compact.ts'
import type { HeldEndpoint } from './endpoint-record.ts'

type Holders = HeldEndpoint | readonly HeldEndpoint[]

/** So many changes are remembered by address; whoever is further behind looks at all. */
const rememberedChanges = 256

const none: readonly HeldEndpoint[] = []

export class NetworkEndpoints {
  readonly network: NetworkId
  /** Changes so far. */
  version = 0
  /** Live endpoints. */
  size = 0
  /** True once one was in a group. */
  grouped = false
  /** Address -> who holds it; nobody if it was held once. */
  readonly #byIp = new Map<number, Holders>()
  /** Addresses that several owners hold, once there were any. */
  #shared: Set<number> | undefined
  #recent: number[] = []

  constructor(network: NetworkId) {
    this.network = network
  }

  /** Notes that a record named the address. */
  note(ip: number): void {
    if (!this.#byIp.has(ip)) this.#byIp.set(ip, none)
  }

  add(endpoint: HeldEndpoint): void {
    const held = this.holders(endpoint.ip)
    this.#byIp.set(endpoint.ip, held.length === 0 ? endpoint : [...held, endpoint].sort(byOwner))
    this.size++
    this.#changed(endpoint.ip)
  }

  remove(endpoint: HeldEndpoint): void {
    const left = this.holders(endpoint.ip).filter(other => other !== endpoint)
    this.#byIp.set(endpoint.ip, left.length === 1 ? (left[0] as HeldEndpoint) : left)
    this.size--
    this.#changed(endpoint.ip)
  }

  /** Counts as a change of what is at the address. */
  touch(ip: number): void {
    this.#changed(ip)
  }

  /** Goes on counting where another stood, of the same network, with what is at other addresses than there. */
  follow(before: NetworkEndpoints): void {
    this.version = before.version
    this.#recent = [...before.#recent]
    for (const ip of before.#byIp.keys()) if (!isSame(before.holders(ip), this.holders(ip))) this.#changed(ip)
    for (const ip of this.#byIp.keys()) if (!before.#byIp.has(ip) && this.holders(ip).length > 0) this.#changed(ip)
  }

  /** Sorted by (owner, id). */
  holders(ip: number): readonly HeldEndpoint[] {
    const held = this.#byIp.get(ip)
    return held === undefined ? none : Array.isArray(held) ? held : [held as HeldEndpoint]
  }

  /** Addresses that endpoints of several owners hold, ascending. */
  duplicates(): number[] {
    return [...(this.#shared ?? [])].sort((a, b) => a - b)
  }

  was(ip: number): boolean {
    return this.#byIp.has(ip)
  }

  /** Sorted by (ip, owner, id). */
  *each(): Iterable<HeldEndpoint> {
    const ips = Uint32Array.from(this.#byIp.keys()).sort()
    for (const ip of ips) yield* this.holders(ip)
  }

  /** Addresses whose endpoints changed behind `version`, some of them twice; undefined if that is too long ago. */
  changedSince(version: number): readonly number[] | undefined {
    const count = this.version - version
    if (count === 0) return []
    return count > 0 && count <= this.#recent.length ? this.#recent.slice(-count) : undefined
  }

  #changed(ip: number): void {
    this.version++
    const held = this.#byIp.get(ip)
    const isShared = Array.isArray(held) && held.some(({ owner }) => owner !== held[0].owner)
    if (isShared) this.#shared = (this.#shared ?? new Set()).add(ip)
    else this.#shared?.delete(ip)
    this.#recent.push(ip)
    if (this.#recent.length > 2 * rememberedChanges) this.#recent = this.#recent.slice(-rememberedChanges)
  }
}

/** True if the same records say who is there. */
function isSame(a: readonly HeldEndpoint[], b: readonly HeldEndpoint[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ owner, counter, hash }, i) => {
      const other = b[i]
      return owner === other?.owner && counter === other.counter && hash === other.hash
    })
  )
}

function byOwner(a: HeldEndpoint, b: HeldEndpoint): number {
  if (a.owner !== b.owner) return a.owner < b.owner ? -1 : 1
  return unpack(a.id) < unpack(b.id) ? -1 : 1
}

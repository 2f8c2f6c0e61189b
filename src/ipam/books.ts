/**
 * One pool per network, and its journal: every step is a local fact of this host, durable before the call resolves (R7).
 * Facts: `ipam/NETWORK/IP` = `held` or `freed N`, where N numbers the releases of this host; beside it `ipam-group/NETWORK/IP` = the
 * group whose container has it or had it last, none without one.
 */
import type { Clock, Timer } from '../lib/clock.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import { Inheritance } from './core/inheritance.ts'
import { createLedger, type Ledger } from './core/ledger.ts'
import { type Moment, Pool } from './core/pool.ts'

const prefix = 'ipam/'
const groupPrefix = 'ipam-group/'
/** An heir looks at the endpoints of others after each change, but not more often, ms. */
const lookMs = 1000

/** A fact to write; undefined: to drop. */
type FactPair = [key: string, value: string | undefined]

interface Facts {
  held: number[]
  freed: [ip: number, sequence: number][]
}

export class Books {
  readonly #replica: Replica
  readonly #clock: Clock
  readonly #pools = new Map<NetworkId, Pool>()
  readonly #unfollow: () => void
  readonly #inheritance: Inheritance
  #timer: Timer | undefined
  #sequence = 0
  #revision = 0

  readonly #newLedger: typeof createLedger

  /** Reads what an earlier run left; what it freed cools down from now on (R7). */
  constructor(replica: Replica, clock: Clock, newLedger = createLedger) {
    this.#replica = replica
    this.#clock = clock
    this.#newLedger = newLedger
    this.#inheritance = new Inheritance(replica.self)
    this.#inheritance.follow(replica.view, clock.monotonic())
    this.#unfollow = replica.onChange(() => this.#changed())
    for (const [network, { held, freed }] of readFacts(replica.local.entries(prefix))) {
      const pool = this.#open(network, newLedger(held, freed, clock.monotonic()))
      for (const ip of [...held, ...freed.map(([each]) => each)]) this.#recall(pool, ip)
      for (const [, sequence] of freed) this.#sequence = Math.max(this.#sequence, sequence)
    }
  }

  /** Stops following the registry. */
  stop(): void {
    this.#unfollow()
    this.#timer?.cancel()
  }

  /** The network's pool; makes one for a network that this host has not used yet. */
  pool(network: NetworkId): Pool {
    return this.#pools.get(network) ?? this.#open(network, this.#newLedger())
  }

  /** The pool, if this host had to do with the network. */
  find(network: NetworkId): Pool | undefined {
    return this.#pools.get(network)
  }

  /** Pools of the networks that this host has or had to do with. */
  pools(): Pool[] {
    return [...this.#pools.values()]
  }

  moment(): Moment {
    return { view: this.#replica.view, revision: this.#revision, nowMs: this.#clock.monotonic() }
  }

  /**
   * Marks an address as handed out at once, and resolves when that is durable. On failure all is as before.
   * @param group of the container, undefined if that is not known
   */
  async hold(pool: Pool, ip: number, claimed: boolean, group?: string): Promise<void> {
    const { view, local } = this.#replica
    const before = pool.ledger.freedEntry(ip)
    const isNew = pool.ledger.heldEntry(ip) === undefined
    pool.hold(view, ip, this.#clock.monotonic(), claimed)
    try {
      await local.set([[keyOf(pool, ip), 'held'], ...this.#groupFact(pool, ip, isNew ? (group ?? '') : group)])
    } catch (error) {
      if (before) pool.free(view, ip, before.sinceMs, before.sequence)
      else if (isNew) pool.forget(view, ip)
      throw error
    }
  }

  /** Gives a held address back: durable first, free afterwards. Calls for one address share the work. */
  async release(pool: Pool, ip: number): Promise<void> {
    const entry = pool.ledger.heldEntry(ip)
    if (!entry) return
    if (!entry.releasing) {
      const sequence = ++this.#sequence
      entry.releasing = this.#replica.local.set([[keyOf(pool, ip), `freed ${sequence}`]]).then(() => {
        // held anew meanwhile (claimed): that fact was journalled after ours
        if (pool.ledger.heldEntry(ip) !== entry) return
        pool.free(this.#replica.view, ip, this.#clock.monotonic(), sequence)
      })
    }
    try {
      await entry.releasing
    } catch (error) {
      delete entry.releasing
      throw error
    }
  }

  /** Drops freed addresses from memory and journal. */
  async forget(pool: Pool, ips: readonly number[]): Promise<void> {
    for (const ip of ips) pool.forget(this.#replica.view, ip)
    const gone = ips.flatMap((ip): FactPair[] => [[keyOf(pool, ip), undefined], ...this.#groupFact(pool, ip, '')])
    if (ips.length > 0) await this.#replica.local.set(gone)
  }

  /** What has to be written for the host to know the group after a restart; '' for none. */
  #groupFact(pool: Pool, ip: number, group: string | undefined): FactPair[] {
    const key = groupPrefix + placeOf(pool, ip)
    if (group === undefined || (this.#replica.local.get(key) ?? '') === group) return []
    return [[key, group === '' ? undefined : group]]
  }

  /** Without a group it may have been anybody's: an earlier version wrote none down. */
  #recall(pool: Pool, ip: number): void {
    const group = this.#replica.local.get(groupPrefix + placeOf(pool, ip))
    if (group !== undefined) pool.handOver(ip, group)
  }

  /** Drops the pool of a network that is gone. */
  async close(pool: Pool): Promise<void> {
    this.#pools.delete(pool.network)
    const freed = [...pool.ledger.freed()].map(([ip]) => ip)
    await this.forget(pool, freed)
  }

  #changed(): void {
    this.#revision++
    const inheritance = this.#inheritance
    inheritance.follow(this.#replica.view, this.#clock.monotonic())
    if (inheritance.isEmpty) return
    this.#timer ??= this.#clock.after(lookMs, () => {
      this.#timer = undefined
      inheritance.sweep(this.#replica.view, this.#clock.monotonic())
    })
  }

  #open(network: NetworkId, ledger: Ledger): Pool {
    const pool = new Pool(this.#replica.self, network, ledger, this.#inheritance)
    this.#pools.set(network, pool)
    return pool
  }
}

function keyOf(pool: Pool, ip: number): string {
  return prefix + placeOf(pool, ip)
}

function placeOf(pool: Pool, ip: number): string {
  return `${pool.network}/${formatIp(ip)}`
}

function readFacts(entries: readonly (readonly [key: string, value: string])[]): Map<NetworkId, Facts> {
  const found = new Map<NetworkId, Facts>()
  for (const [key, value] of entries) {
    const [, network, address] = key.split('/')
    const ip = parseIp(address ?? '')
    if (network === undefined || ip === undefined) continue
    const facts = found.get(network) ?? { held: [], freed: [] }
    found.set(network, facts)
    if (value === 'held') facts.held.push(ip)
    else facts.freed.push([ip, Number(value.split(' ')[1])])
  }
  return found
}

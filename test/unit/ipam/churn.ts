/** What hosts do with the addresses of a network, by the shipped choices of who asks and gives: `Asker` and `Donor` without their waiting. */
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { chooseAddresses, chooseAll, chooseBlocks } from '../../../src/ipam/core/donation.ts'
import { custodyOf, isExcluded, usableCount } from '../../../src/ipam/core/geometry.ts'
import { coolDownMs } from '../../../src/ipam/core/ledger.ts'
import { hintOf, ownersLeft, ownersToAsk } from '../../../src/ipam/core/owners.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { macOf } from '../../../src/model/ip.ts'
import type { Random } from '../../sim/random.ts'
import { type ChurnHost, ChurnMesh } from './churn-mesh.ts'

/** Owners that are asked at once (asker.ts). */
const fanOut = 3

export class Churn extends ChurnMesh {
  readonly #random: Random
  #freed = 0

  constructor(random: Random, first: number, most: number) {
    super(first, most)
    this.#random = random
  }

  held({ pool }: ChurnHost): number[] {
    return [...pool.ledger.held()].map(([ip]) => ip)
  }

  get used(): number {
    return this.hosts.reduce((sum, host) => sum + this.held(host).length, 0)
  }

  /** What has a register of its own: blocks with an address in them, and single addresses. */
  pieces(): { blocks: number; singles: number } {
    const { view, network } = this
    const blocks = Array.from({ length: view.blockCount(this.id) }, (_, index) => view.block(this.id, index))
    const left = blocks.filter(block => block && usableCount(view, network, block) > 0)
    return { blocks: left.length, singles: view.carved(this.id).length }
  }

  /** A container starts; false if no address is to be had. */
  up(host: ChurnHost): boolean {
    const pick = () => host.pool.pick(this.moment(host))
    const ip = pick() ?? (this.#seek(host) ? pick() : undefined)
    if (ip === undefined) return false
    host.pool.hold(host.view, ip, this.nowMs, false)
    const names = { container: '', containerName: '' }
    this.write(host, [{ kind: 'endpoint', id: `e${ip}`, network: this.id, ip, mac: macOf(ip), ...names }])
    if (host.pool.isLow(this.moment(host))) this.#prepare(host)
    this.#hint(host)
    return true
  }

  /** One of its containers ends, if there is one. */
  down(host: ChurnHost): void {
    const ip = this.#random.pick(this.held(host))
    if (ip === undefined) return
    this.write(host, [{ kind: 'endpoint-rm', id: `e${ip}`, network: this.id }])
    host.pool.free(host.view, ip, this.nowMs, ++this.#freed)
    this.#hint(host)
  }

  /** `--ip`, and the container has ended since: the address is the host's from now on, if nobody uses it. */
  claim(host: ChurnHost, ip: number): void {
    const custody = custodyOf(host.view, this.id, ip)
    const owner = this.hosts.find(({ writer }) => writer.key === custody?.owner)
    if (!owner || owner === host || isExcluded(this.network, ip) || owner.pool.ledger.isUsed(ip)) return
    if (!custody?.quarantined && owner.pool.inheritedInMs(owner.view, ip, this.nowMs) === 0)
      this.hand(owner, host, [], [ip])
  }

  /** Ends all its containers, hands over what it has, and is taken out. */
  leave(host: ChurnHost): void {
    while (this.held(host).length > 0) this.down(host)
    this.nowMs += coolDownMs
    const { blocks, ips } = chooseAll(this.moment(host), host.pool, Number.POSITIVE_INFINITY)
    const others = this.hosts.filter(each => each !== host)
    const takerOf = (i: number) => others[i % others.length] as ChurnHost
    for (const [i, index] of blocks.entries()) this.hand(host, takerOf(i), [index], [])
    for (const [i, ip] of ips.entries()) this.hand(host, takerOf(i), [], [ip])
    this.remove(host)
  }

  hand(from: ChurnHost, to: ChurnHost, blocks: readonly number[], ips: readonly number[]): void {
    const { view, writer, pool } = from
    const { signer, next } = writer
    const { key } = to.writer
    const leaves = [
      ...blocks.map((index, i) => transferLeaf(view, signer, this.id, index, key, next + i)),
      ...giveAddressLeaves(view, signer, this.id, ips, key, next + blocks.length),
    ]
    pool.leave(view, blocks)
    pool.leaveAddresses(view, ips)
    this.write(from, leaves)
    pool.settle(view)
    for (const [ip] of [...pool.ledger.freed()]) if (!pool.ownsAddress(view, ip)) pool.forget(view, ip)
    to.pool.gain(to.view, blocks, ips)
    this.#hint(from)
    this.#hint(to)
  }

  #give(from: ChurnHost, to: ChurnHost, evenLast: boolean): boolean {
    const moment = this.moment(from)
    const blocks = chooseBlocks(moment, from.pool, { count: 1, evenLast })
    const ips = blocks.length === 0 && evenLast ? chooseAddresses(moment, from.pool, 1) : []
    this.hand(from, to, blocks, ips)
    return blocks.length + ips.length > 0
  }

  #prepare(host: ChurnHost): void {
    const [owner] = this.#hostsOf(this.#toAsk(host))
    if (owner) this.#give(owner, host, false)
  }

  #seek(host: ChurnHost): boolean {
    const asked = this.#toAsk(host)
    for (let at = 0; at < asked.length; at += fanOut) {
      const given = this.#hostsOf(asked.slice(at, at + fanOut)).map(owner => this.#give(owner, host, false))
      if (given.includes(true)) return true
    }
    const left = ownersLeft(host.view, this.network, host.writer.key, this.#keys(), asked)
    return this.#hostsOf(left).some(owner => this.#give(owner, host, true))
  }

  #toAsk({ view, writer }: ChurnHost): PeerKey[] {
    return ownersToAsk(view, this.network, writer.key, this.#keys(), this.#random.next)
  }

  #hint(host: ChurnHost): void {
    const log2 = hintOf(host.pool.freeCount(this.moment(host)))
    if (host.view.freeHint(this.id, host.writer.key) === log2) return
    this.write(host, [{ kind: 'free', network: this.id, log2 }])
  }

  #keys(): PeerKey[] {
    return this.hosts.map(({ writer }) => writer.key)
  }

  #hostsOf(keys: readonly PeerKey[]): ChurnHost[] {
    return keys.flatMap(key => this.hosts.find(({ writer }) => writer.key === key) ?? [])
  }
}

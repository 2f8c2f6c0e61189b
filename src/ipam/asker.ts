/** Asks other owners for addresses: in the background when few are left, and while a container waits for one. */
import type { RegistryView } from '../crdt/registry-view.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { type ErrorCode, errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Transport } from '../mesh/transport.ts'
import { formatIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import type { Replica } from '../replica/replica.ts'
import { arrived } from './arrival.ts'
import { BackOff } from './back-off.ts'
import type { Books } from './books.ts'
import { custodyOf, sizeOf } from './core/geometry.ts'
import { ownersLeft, ownersToAsk } from './core/owners.ts'
import { decodeGrant, donationProtocol, encodeWant, type Grant, maxBlocksPerRequest } from './core/want.ts'
import type { Hints } from './hints.ts'

export interface AskerDeps {
  replica: Replica
  transport: Pick<Transport, 'connected' | 'request'>
  books: Books
  hints: Hints
  clock: Clock
  log: Logger
  random: () => number
  /** Containers of this host that wait for an address of the network. */
  waiting(network: NetworkId): number
}

/** Owners that are asked at once. */
const fanOut = 3
const requestLimitMs = 2000
const prepareLimitMs = 5000
/** Errors of the way to an owner; every other one is what the owner says. */
const unanswered: readonly ErrorCode[] = ['timeout', 'unavailable', 'unreachable']

/** One question to one owner. */
interface Question {
  network: NetworkId
  owner: PeerKey
  /** Nobody has a block to spare: the last one, or a single address, will do. */
  evenLast: boolean
  /** Monotonic clock. */
  deadlineMs: number
}

type Answer = 'given' | 'nothing' | 'silent'

export class Asker {
  readonly #deps: AskerDeps
  readonly #backOff: BackOff
  readonly #searches = new Map<NetworkId, Promise<boolean>>()
  readonly #preparations = new Map<NetworkId, Promise<boolean>>()
  // a request whose reply was lost is repeated under its nonce, and then gives the same blocks
  readonly #nonces = new Map<string, number>()
  /** What owners that gave nothing said in the last search, per network; monotonic clock. */
  readonly #coolAt = new Map<NetworkId, Map<PeerKey, number>>()
  /** Who did not answer in the last search, per network. */
  readonly #silent = new Map<NetworkId, Set<PeerKey>>()

  constructor(deps: AskerDeps) {
    this.#deps = deps
    this.#backOff = new BackOff(deps.random)
  }

  /** Of owners that gave nothing in the last search: when an address that they freed may move here, in ms from now. */
  coolsInMs(network: NetworkId): Map<PeerKey, number> {
    const nowMs = this.#deps.clock.monotonic()
    const left = [...(this.#coolAt.get(network) ?? [])].map(([key, atMs]): [PeerKey, number] => [key, atMs - nowMs])
    return new Map(left.filter(([, ms]) => ms > 0))
  }

  /** Owners that did not answer since the last search began; one that refused has answered. */
  silent(network: NetworkId): ReadonlySet<PeerKey> {
    return this.#silent.get(network) ?? new Set()
  }

  /** Resolves with true when addresses have arrived, with false when nobody within reach gives any or `limitMs` is over. */
  async seek(network: NetworkId, limitMs: number): Promise<boolean> {
    const deadlineMs = this.#deps.clock.monotonic() + limitMs
    const preparation = this.#preparations.get(network)
    if (preparation && (await this.#bounded(preparation, deadlineMs))) return true
    const search = this.#searches.get(network) ?? track(this.#searches, network, this.#search(network, deadlineMs))
    return this.#bounded(search, deadlineMs)
  }

  /** Asks one owner for one block, nobody waiting; does nothing while a request is under way or backs off. */
  prepare(network: NetworkId): void {
    if (this.#searches.has(network) || this.#preparations.has(network)) return
    if (!this.#backOff.isOver(network, this.#deps.clock.monotonic())) return
    track(this.#preparations, network, this.#prepare(network)).catch(err =>
      this.#deps.log.warn({ err, network }, 'request for blocks failed'),
    )
  }

  async #search(network: NetworkId, deadlineMs: number): Promise<boolean> {
    const owners = this.#candidates(network)
    const silent = new Set<PeerKey>()
    this.#silent.set(network, new Set())
    const ask = async (owner: PeerKey, evenLast: boolean) => {
      const answer = await this.#ask({ network, owner, evenLast, deadlineMs })
      if (answer === 'silent') silent.add(owner)
      return answer === 'given'
    }
    for (let at = 0; at < owners.length && this.#leftMs(deadlineMs) > 0; at += fanOut) {
      if (await anyTrue(owners.slice(at, at + fanOut).map(owner => ask(owner, false)))) return true
    }
    // Nobody has blocks to spare: then what somebody keeps for later, one owner after the other, whatever their hints say.
    for (const owner of this.#ownersLeft(network, owners)) {
      if (silent.has(owner) || this.#leftMs(deadlineMs) === 0) continue
      if (await ask(owner, true)) return true
    }
    return false
  }

  async #prepare(network: NetworkId): Promise<boolean> {
    const { clock } = this.#deps
    const owners = this.#candidates(network)
    const owner = owners[this.#backOff.failures(network) % owners.length]
    const deadlineMs = clock.monotonic() + prepareLimitMs
    const isGiven =
      owner !== undefined && (await this.#ask({ network, owner, evenLast: false, deadlineMs })) === 'given'
    if (!isGiven) this.#backOff.failed(network, clock.monotonic())
    return isGiven
  }

  /** Never rejects. */
  async #ask(question: Question): Promise<Answer> {
    const { replica, books, hints, log } = this.#deps
    const { network, owner: peer } = question
    try {
      const grant = await this.#request(question)
      const { blocks, ips } = grant
      this.#noteCooling(question, grant)
      if (!(await this.#arrived(network, grant, question.deadlineMs))) return 'nothing'
      books.pool(network).gain(replica.view, blocks, ips)
      hints.touch(network)
      this.#backOff.succeeded(network)
      log.info({ network, peer, blocks, ips: ips.map(formatIp) }, 'addresses received')
      return 'given'
    } catch (error) {
      log.debug({ network, peer, reason: errorText(error) }, 'no answer to a request for addresses')
      if (error instanceof SkeinError && unanswered.includes(error.code)) this.#silent.get(network)?.add(peer)
      return 'silent'
    }
  }

  async #request({ network, owner, evenLast, deadlineMs }: Question): Promise<Grant> {
    const { replica, transport, random, waiting } = this.#deps
    const key = `${network}/${owner}`
    const nonce = this.#nonces.get(key) ?? Math.floor(random() * 2 ** 32)
    this.#nonces.set(key, nonce)
    const upTo = (wanted: number) => Math.min(maxBlocksPerRequest, Math.max(1, wanted))
    const count = upTo(Math.ceil(waiting(network) / sizeOf(replica.view, network)))
    const bytes = encodeWant({ network, count, nonce, evenLast, singles: evenLast ? upTo(waiting(network)) : 0 })
    const limitMs = Math.min(requestLimitMs, this.#leftMs(deadlineMs))
    const reply = decodeGrant(await transport.request(owner, donationProtocol, bytes, limitMs))
    this.#nonces.delete(key)
    return reply
  }

  /** True once own durable state shows some of it as this peer's (R3). */
  async #arrived(network: NetworkId, { blocks, ips }: Grant, deadlineMs: number): Promise<boolean> {
    const { replica } = this.#deps
    if (blocks.length === 0 && ips.length === 0) return false
    const isHere = (view: RegistryView) =>
      blocks.some(index => view.block(network, index)?.owner === replica.self) ||
      ips.some(ip => custodyOf(view, network, ip)?.owner === replica.self)
    return arrived(replica, isHere, () => this.#leftMs(deadlineMs))
  }

  #noteCooling({ network, owner, evenLast }: Question, { coolsInMs }: Grant): void {
    if (!evenLast) return
    const owners = this.#coolAt.get(network) ?? new Map<PeerKey, number>()
    if (coolsInMs > 0) owners.set(owner, this.#deps.clock.monotonic() + coolsInMs)
    else owners.delete(owner)
    if (owners.size > 0) this.#coolAt.set(network, owners)
    else this.#coolAt.delete(network)
  }

  /** Those that were asked already, then others whose hint denies what the registers and endpoint records say they have. */
  #ownersLeft(id: NetworkId, asked: readonly PeerKey[]): PeerKey[] {
    const { replica, transport } = this.#deps
    const network = replica.view.network(id)
    return network ? ownersLeft(replica.view, network, replica.self, transport.connected(), asked) : []
  }

  #candidates(id: NetworkId): PeerKey[] {
    const { replica, transport, random } = this.#deps
    const network = replica.view.network(id)
    return network ? ownersToAsk(replica.view, network, replica.self, transport.connected(), random) : []
  }

  #leftMs(deadlineMs: number): number {
    return Math.max(0, deadlineMs - this.#deps.clock.monotonic())
  }

  #bounded(work: Promise<boolean>, deadlineMs: number): Promise<boolean> {
    const late = () => new Error('late')
    return withDeadline(this.#deps.clock, work, this.#leftMs(deadlineMs), late).catch(() => false)
  }
}

/** One piece of work per network: it is listed until it is done. */
function track(running: Map<NetworkId, Promise<boolean>>, id: NetworkId, work: Promise<boolean>): Promise<boolean> {
  const tracked = work.finally(() => running.delete(id))
  running.set(id, tracked)
  return tracked
}

/** True as soon as one is true; false when all are false. None of them rejects. */
function anyTrue(promises: readonly Promise<boolean>[]): Promise<boolean> {
  const hits = promises.map(async promise => {
    if (!(await promise)) throw new Error('no block')
    return true
  })
  return Promise.any(hits).catch(() => false)
}

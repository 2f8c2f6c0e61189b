/** When to synchronise with whom: on connect, when something is missing, and every few seconds with a random member. */
import type { Dot, Vector } from '../crdt/vector.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { withDeadline } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { hasDot, type Offer, type SyncDeps, syncWith } from './sync.ts'

/** Mean time between two periodic rounds, ms. */
const periodMs = 3000
/** A member that sent something unplaceable is asked after this, ms: what is missing is often already under way. */
const soonMs = 50
/** Of one key, that wait to be pulled: two machines may run with it, and each offers again after a while. */
const maxOffers = 4

export interface NeighboursDeps extends SyncDeps {
  clock: Clock
  random(): number
  logger: Logger
  /** The member was synchronised with, but for histories of these writers: what anti-entropy does not tell it is told now. Never rejects. */
  synchronised(peer: PeerKey, apart: Vector): Promise<void>
}

interface Contact {
  behind: boolean
  lastSyncMs: number | undefined
}

export class Neighbours {
  readonly #deps: NeighboursDeps
  readonly #contacts = new Map<PeerKey, Contact>()
  readonly #running = new Map<PeerKey, Promise<void>>()
  readonly #following = new Map<PeerKey, Promise<void>>()
  readonly #soon = new Map<PeerKey, Timer>()
  readonly #offers = new Map<PeerKey, readonly Offer[]>()
  #timer: Timer | undefined
  #stopped = false

  constructor(deps: NeighboursDeps) {
    this.#deps = deps
  }

  start(): void {
    const waitMs = periodMs * (0.5 + this.#deps.random())
    this.#timer = this.#deps.clock.after(waitMs, () => {
      const members = this.#deps.transport.connected()
      const chosen = members[Math.floor(this.#deps.random() * members.length)]
      if (chosen) void this.#sync(chosen)
      if (!this.#stopped) this.start()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    for (const timer of this.#soon.values()) timer.cancel()
  }

  connected(peer: PeerKey): void {
    void this.#sync(peer)
  }

  syncSoon(peer: PeerKey): void {
    if (this.#soon.has(peer) || this.#stopped) return
    const timer = this.#deps.clock.after(soonMs, () => {
      this.#soon.delete(peer)
      void this.#sync(peer)
    })
    this.#soon.set(peer, timer)
  }

  /** The member holds what this peer does, it said. */
  equal(peer: PeerKey): void {
    this.#contacts.set(peer, { behind: false, lastSyncMs: this.#deps.clock.now() })
  }

  /** The member has what is missing here, it said. */
  offered(peer: PeerKey, offer: Offer): void {
    if (this.#stopped) return
    this.#offers.set(peer, [...(this.#offers.get(peer) ?? []), offer].slice(-maxOffers))
    void this.#sync(peer)
  }

  async syncAll(limitMs: number): Promise<void> {
    const all = Promise.all(this.#deps.transport.connected().map(peer => this.#sync(peer)))
    // whoever is slower is synchronised with all the same, only not waited for
    await withDeadline(this.#deps.clock, all, limitMs, () => new Error('late')).catch(() => undefined)
  }

  async whoHas(dot: Dot, limitMs: number): Promise<{ have: PeerKey[]; missing: PeerKey[] }> {
    const members = this.#deps.transport.connected()
    // an unreachable or slow member does not have it as far as we can say
    const answers = await Promise.all(members.map(peer => hasDot(this.#deps, peer, dot, limitMs).catch(() => false)))
    return { have: members.filter((_, i) => answers[i]), missing: members.filter((_, i) => !answers[i]) }
  }

  status() {
    return this.#deps.transport.connected().map(peer => {
      const contact = this.#contacts.get(peer)
      return { peer, behind: contact?.behind ?? true, lastSyncMs: contact?.lastSyncMs }
    })
  }

  /** One synchronisation with a member at a time; a call during it waits for one more: the first may have missed something. */
  #sync(peer: PeerKey): Promise<void> {
    const running = this.#running.get(peer)
    if (running) {
      const following = this.#following.get(peer) ?? running.then(() => this.#sync(peer))
      this.#following.set(peer, following)
      return following
    }
    this.#following.delete(peer)
    const sync = this.#syncOnce(peer).finally(() => this.#running.delete(peer))
    this.#running.set(peer, sync)
    return sync
  }

  async #syncOnce(peer: PeerKey): Promise<void> {
    if (this.#stopped) return
    const offers = this.#offers.get(peer) ?? []
    this.#offers.delete(peer)
    try {
      const { equal, apart } = await syncWith(this.#deps, peer, offers)
      this.#contacts.set(peer, { behind: !equal, lastSyncMs: this.#deps.clock.now() })
      if (apart) await this.#deps.synchronised(peer, apart)
    } catch (error) {
      this.#contacts.set(peer, { behind: true, lastSyncMs: this.#contacts.get(peer)?.lastSyncMs })
      this.#deps.logger.debug({ peer, err: errorText(error) }, 'synchronisation broke off')
    }
  }
}

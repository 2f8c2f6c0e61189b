/** One process's end of the virtual network: the `Mesh` that the code under test is given. */
import { SkeinError } from '../../src/lib/errors.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import type { AskBack, Mesh, RequestHandler } from '../../src/mesh/transport.ts'
import type { Life } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** One standing connection; each end closes by itself. */
export interface Session {
  readonly ends: readonly [VirtualMesh, VirtualMesh]
}

export class VirtualMesh implements Mesh {
  readonly self: PeerKey
  readonly host: string
  readonly life: Life
  /** Broadcasts that were heard; by number. */
  readonly heard = new Set<number>()
  started = false
  readonly #network: VirtualNetwork
  readonly #handlers = new Map<string, RequestHandler>()
  /** By key, the one in use first: there are others when two machines run with the key. */
  readonly #sessions = new Map<PeerKey, readonly Session[]>()
  readonly #hearers: ((from: PeerKey, bytes: Uint8Array) => void)[] = []
  readonly #meeters: ((peer: PeerKey) => void)[] = []
  readonly #losers: ((peer: PeerKey) => void)[] = []
  /** Requests that wait for an answer over a session, to be told when it is gone. */
  readonly #asking = new Map<Session, Set<(error: Error) => void>>()
  #members = new Set<PeerKey>()
  #invitations = new Set<PeerKey>()
  #removed = new Set<PeerKey>()
  readonly #proven = new Set<PeerKey>()
  #answerJoin: RequestHandler | undefined
  #answerRemoved: RequestHandler | undefined
  readonly #told: ((from: PeerKey, answer: Uint8Array) => void)[] = []
  #takeProof: ((proof: Uint8Array) => Promise<void>) | undefined
  #proofFor: (member: PeerKey) => Uint8Array | undefined = () => undefined

  constructor(network: VirtualNetwork, host: string, self: PeerKey, life: Life) {
    this.#network = network
    this.host = host
    this.self = self
    this.life = life
  }

  connected(): PeerKey[] {
    return [...this.#sessions.keys()].sort()
  }

  /** All with the key, the one in use first. */
  sessionsWith(peer: PeerKey): readonly Session[] {
    return this.#sessions.get(peer) ?? []
  }

  /** Those in use. */
  sessions(): Session[] {
    return [...this.#sessions.values()].flatMap(all => all.slice(0, 1))
  }

  everySession(): Session[] {
    return [...this.#sessions.values()].flat()
  }

  broadcast(bytes: Uint8Array): void {
    this.#network.broadcast(this, bytes)
  }

  request(to: PeerKey, protocol: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const [session] = this.sessionsWith(to)
    if (session) return this.#ask(session, to, protocol, bytes, timeoutMs)
    return Promise.reject(new SkeinError('unreachable', `${to.slice(0, 8)} is not connected`))
  }

  /** Asks whoever is at the other end of the session. */
  #ask(session: Session, to: PeerKey, protocol: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (!this.sessionsWith(to).includes(session)) {
      return Promise.reject(new SkeinError('unavailable', `${to.slice(0, 8)} went away`))
    }
    return new Promise((resolve, reject) => {
      const asking = this.#asking.get(session) ?? new Set()
      this.#asking.set(session, asking.add(reject))
      const done = () => {
        asking.delete(reject)
        timer.cancel()
      }
      const late = () => {
        done()
        reject(new SkeinError('timeout', `${to.slice(0, 8)} did not answer within ${timeoutMs} ms`))
      }
      const timer = this.#network.time.after(timeoutMs, late, this.life)
      this.#network.exchange(this, session, protocol, bytes, {
        answer(reply) {
          const isAwaited = asking.has(reject)
          done()
          resolve(reply)
          return isAwaited
        },
        refuse(error) {
          done()
          reject(error)
        },
      })
    })
  }

  handle(protocol: string, handler: RequestHandler): void {
    this.#handlers.set(protocol, handler)
  }

  onBroadcast(listener: (from: PeerKey, bytes: Uint8Array) => void): void {
    this.#hearers.push(listener)
  }

  onConnect(listener: (peer: PeerKey) => void): void {
    this.#meeters.push(listener)
  }

  onDisconnect(listener: (peer: PeerKey) => void): void {
    this.#losers.push(listener)
  }

  reconnect(): void {
    for (const session of this.everySession()) this.#network.end(this, session)
  }

  setMembers(members: readonly { key: PeerKey }[]): void {
    this.#members = new Set(members.map(member => member.key))
    for (const key of this.#members) this.#proven.delete(key)
    this.#network.dialSoon(this)
  }

  setInvitations(keys: readonly PeerKey[]): void {
    this.#invitations = new Set(keys)
  }

  setRemoved(keys: readonly PeerKey[]): void {
    this.#removed = new Set(keys)
    for (const key of keys) this.#proven.delete(key)
  }

  onRemoved(handler: RequestHandler): void {
    this.#answerRemoved = handler
  }

  onProof(handler: (proof: Uint8Array) => Promise<void>): void {
    this.#takeProof = handler
  }

  proveWith(proofFor: (member: PeerKey) => Uint8Array | undefined): void {
    this.#proofFor = proofFor
  }

  /** What it shows a member that refuses it. */
  proofFor(member: PeerKey): Uint8Array | undefined {
    return this.#proofFor(member)
  }

  /** A stranger shows something; if it proves what it is to, the stranger is let in from now on. */
  takeProof(from: PeerKey, proof: Uint8Array): void {
    this.#takeProof?.(proof).then(
      () => this.#proven.add(from),
      () => undefined,
    )
  }

  lets(key: PeerKey): boolean {
    return this.#members.has(key) || this.#proven.has(key)
  }

  onTold(listener: (from: PeerKey, answer: Uint8Array) => void): void {
    this.#told.push(listener)
  }

  /** What a removed peer that has dialled is told; undefined for a stranger, or when it is not at hand. */
  async serveRemoved(from: PeerKey): Promise<Uint8Array | undefined> {
    if (!this.started || !this.#removed.has(from)) return undefined
    return this.#answerRemoved?.(from, new Uint8Array([1]), noWayBack).catch(() => undefined)
  }

  told(from: PeerKey, answer: Uint8Array): void {
    for (const listener of this.#told) listener(from, answer)
  }

  onJoin(handler: RequestHandler): void {
    this.#answerJoin = handler
  }

  placesOf(peer: PeerKey): readonly string[] {
    const ends = this.sessionsWith(peer).flatMap(session => session.ends)
    return ends.flatMap(end => (end.self === peer ? [end.host] : []))
  }

  async start(): Promise<void> {
    this.started = true
    this.#network.dialSoon(this)
  }

  async stop(): Promise<void> {
    this.#network.detach(this.life)
    for (const session of this.everySession()) this.lost(session)
  }

  /** Members that it would connect to. */
  get members(): ReadonlySet<PeerKey> {
    return this.#members
  }

  /** Asks a handler of this process; rejects with what it throws. */
  async serve(session: Session, protocol: string, from: PeerKey, bytes: Uint8Array): Promise<Uint8Array> {
    const handler = this.#handlers.get(protocol)
    if (!handler) throw new SkeinError('unavailable', `${protocol} is not spoken here`)
    return handler(from, bytes, (...asked) => this.#ask(session, from, ...asked))
  }

  async serveJoin(holder: PeerKey, bytes: Uint8Array): Promise<Uint8Array> {
    if (!this.started || !this.#answerJoin || !this.#invitations.has(holder)) {
      throw new SkeinError('forbidden', 'it does not know this invitation')
    }
    return this.#answerJoin(holder, bytes, noWayBack)
  }

  hear(from: PeerKey, bytes: Uint8Array): void {
    for (const listener of this.#hearers) listener(from, bytes)
  }

  /** A session is there; another with the same machine is gone. */
  met(session: Session): void {
    const { self, host } = this.#otherEnd(session)
    for (const old of this.sessionsWith(self)) if (this.#otherEnd(old).host === host) this.lost(old)
    const others = this.sessionsWith(self)
    this.#sessions.set(self, [...others, session])
    if (others.length === 0) for (const listener of this.#meeters) listener(self)
  }

  /** This end of the session closes. */
  lost(session: Session): void {
    const { self: peer } = this.#otherEnd(session)
    const all = this.sessionsWith(peer)
    if (!all.includes(session)) return
    const left = all.filter(other => other !== session)
    if (left.length > 0) this.#sessions.set(peer, left)
    else this.#sessions.delete(peer)
    for (const reject of this.#asking.get(session) ?? []) {
      reject(new SkeinError('unavailable', `${peer.slice(0, 8)} went away`))
    }
    this.#asking.delete(session)
    if (left.length === 0) for (const listener of this.#losers) listener(peer)
    else if (all[0] === session) for (const listener of this.#meeters) listener(peer)
  }

  #otherEnd({ ends }: Session): VirtualMesh {
    return ends[0] === this ? ends[1] : ends[0]
  }
}

/** Of guests nothing is asked. */
const noWayBack: AskBack = () => Promise.reject(new SkeinError('unavailable', 'a guest is asked nothing'))

/** A mesh inside one process, for unit tests: same contract as libp2p's, delivery on the next turn of the event loop. */
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import { type PeerKey, signerOf } from '../../src/lib/keys.ts'
import type { AskBack, Invitation, Mesh, RequestHandler } from '../../src/mesh/transport.ts'
import { type RewritingPace, usualRewriting } from '../../src/replica/journal-rewriter.ts'

export class MemoryHub {
  /** Of all peers that are built on it from now on. */
  clock: Clock = systemClock
  /** When their journals are rewritten. */
  rewriting: RewritingPace = usualRewriting
  readonly #meshes = new Map<PeerKey, MemoryMesh>()
  readonly #cut = new Set<string>()

  join(self: PeerKey): MemoryMesh {
    const mesh = new MemoryMesh(self, this)
    this.#meshes.set(self, mesh)
    return mesh
  }

  leave(self: PeerKey): void {
    for (const other of this.#meshes.values()) other.lost(self)
    this.#meshes.delete(self)
  }

  mesh(key: PeerKey): MemoryMesh | undefined {
    return this.#meshes.get(key)
  }

  linked(a: PeerKey, b: PeerKey): boolean {
    return !this.#cut.has([a, b].sort().join())
  }

  /** Cuts every link between the groups. */
  split(...groups: PeerKey[][]): void {
    groups.forEach((group, i) => {
      for (const a of group) for (const b of groups.slice(i + 1).flat()) this.#cut.add([a, b].sort().join())
    })
    this.update()
  }

  heal(): void {
    this.#cut.clear()
    this.update()
  }

  /** Connects and disconnects as membership and links now say. */
  update(): void {
    for (const a of this.#meshes.values()) {
      for (const b of this.#meshes.values()) {
        if (a === b) continue
        if (this.linked(a.self, b.self) && a.knows(b.self) && b.knows(a.self)) a.met(b.self)
        else {
          a.lost(b.self)
          if (this.linked(a.self, b.self) && a.knows(b.self)) {
            b.tell(a)
            const proof = a.proofFor(b.self)
            if (proof) b.takeProof(a.self, proof)
          }
        }
      }
    }
  }

  async requestJoin(invitation: Invitation, request: Uint8Array): Promise<Uint8Array> {
    const holder = signerOf(invitation.seed).key
    const issuer = this.#meshes.get(invitation.issuer)
    if (!issuer?.invited(holder)) throw new SkeinError('forbidden', 'this invitation is not known there')
    return issuer.answerJoin(holder, request)
  }
}

export class MemoryMesh implements Mesh {
  readonly self: PeerKey
  readonly #hub: MemoryHub
  readonly #handlers = new Map<string, RequestHandler>()
  readonly #connected = new Set<PeerKey>()
  readonly #heard: ((from: PeerKey, bytes: Uint8Array) => void)[] = []
  readonly #met: ((peer: PeerKey) => void)[] = []
  readonly #lost: ((peer: PeerKey) => void)[] = []
  #members = new Set<PeerKey>()
  #invitations = new Set<PeerKey>()
  #removed = new Set<PeerKey>()
  readonly #proven = new Set<PeerKey>()
  #answerJoin: RequestHandler | undefined
  #answerRemoved: RequestHandler | undefined
  readonly #told: ((from: PeerKey, answer: Uint8Array) => void)[] = []
  #takeProof: ((proof: Uint8Array) => Promise<void>) | undefined
  #proofFor: (member: PeerKey) => Uint8Array | undefined = () => undefined

  constructor(self: PeerKey, hub: MemoryHub) {
    this.self = self
    this.#hub = hub
  }

  connected(): PeerKey[] {
    return [...this.#connected].sort()
  }

  broadcast(bytes: Uint8Array): void {
    for (const peer of this.#connected) {
      setImmediate(() => {
        const other = this.#hub.mesh(peer)
        if (other?.connected().includes(this.self)) other.hear(this.self, bytes)
      })
    }
  }

  async request(to: PeerKey, protocol: string, bytes: Uint8Array, _timeoutMs: number): Promise<Uint8Array> {
    await new Promise(resolve => setImmediate(resolve))
    const handler = this.#connected.has(to) ? this.#hub.mesh(to)?.handler(protocol) : undefined
    if (!handler) throw new SkeinError('unreachable', `${to.slice(0, 8)} is not connected`)
    const other = this.#hub.mesh(to)
    const answer = await handler(this.self, bytes, (...asked) =>
      other ? other.request(this.self, ...asked) : Promise.reject(new SkeinError('unreachable', 'went away')),
    )
    if (!this.#connected.has(to)) throw new SkeinError('unreachable', `${to.slice(0, 8)} went away`)
    return answer
  }

  handle(protocol: string, handler: RequestHandler): void {
    this.#handlers.set(protocol, handler)
  }

  onBroadcast(listener: (from: PeerKey, bytes: Uint8Array) => void): void {
    this.#heard.push(listener)
  }

  onConnect(listener: (peer: PeerKey) => void): void {
    this.#met.push(listener)
  }

  onDisconnect(listener: (peer: PeerKey) => void): void {
    this.#lost.push(listener)
  }

  reconnect(): void {
    for (const peer of this.connected()) this.lost(peer)
    this.#hub.update()
  }

  setMembers(members: readonly { key: PeerKey }[]): void {
    this.#members = new Set(members.map(member => member.key))
    for (const key of this.#members) this.#proven.delete(key)
    setImmediate(() => this.#hub.update())
  }

  setInvitations(keys: readonly PeerKey[]): void {
    this.#invitations = new Set(keys)
  }

  setRemoved(keys: readonly PeerKey[]): void {
    this.#removed = new Set(keys)
    for (const key of keys) this.#proven.delete(key)
    setImmediate(() => this.#hub.update())
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
      () => {
        this.#proven.add(from)
        this.#hub.update()
      },
      () => undefined,
    )
  }

  onTold(listener: (from: PeerKey, answer: Uint8Array) => void): void {
    this.#told.push(listener)
  }

  /** Where a test says that a key was seen. */
  readonly places = new Map<PeerKey, readonly string[]>()

  placesOf(peer: PeerKey): readonly string[] {
    return this.places.get(peer) ?? []
  }

  /** A removed peer has dialled this one. */
  tell(other: MemoryMesh): void {
    if (!this.#removed.has(other.self) || this.knows(other.self)) return
    this.#answerRemoved?.(other.self, new Uint8Array([1]), noWayBack).then(
      answer => other.hearTold(this.self, answer),
      () => undefined,
    )
  }

  hearTold(from: PeerKey, answer: Uint8Array): void {
    for (const listener of this.#told) listener(from, answer)
  }

  onJoin(handler: RequestHandler): void {
    this.#answerJoin = handler
  }

  async start(): Promise<void> {
    this.#hub.update()
  }

  async stop(): Promise<void> {
    this.#hub.leave(this.self)
  }

  handler(protocol: string): RequestHandler | undefined {
    return this.#handlers.get(protocol)
  }

  hear(from: PeerKey, bytes: Uint8Array): void {
    for (const listener of this.#heard) listener(from, bytes)
  }

  knows(key: PeerKey): boolean {
    return this.#members.has(key) || this.#proven.has(key)
  }

  invited(key: PeerKey): boolean {
    return this.#invitations.has(key)
  }

  answerJoin(holder: PeerKey, request: Uint8Array): Promise<Uint8Array> {
    if (!this.#answerJoin) throw new SkeinError('unavailable', 'not admitting')
    return this.#answerJoin(holder, request, noWayBack)
  }

  met(peer: PeerKey): void {
    if (this.#connected.has(peer)) return
    this.#connected.add(peer)
    for (const listener of this.#met) listener(peer)
  }

  lost(peer: PeerKey): void {
    if (!this.#connected.delete(peer)) return
    for (const listener of this.#lost) listener(peer)
  }
}

/** Of guests, and in tests of what is asked for once, nothing is asked back. */
export const noWayBack: AskBack = () => Promise.reject(new SkeinError('unavailable', 'a guest is asked nothing'))

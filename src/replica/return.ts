/**
 * The return of a removed peer (R9). A host that was off when it was removed never hears of it from records: nobody lets it in. So
 * a member tells a removed peer that dials it, and whoever is told fences itself before it hands out anything. And of one that was put back to
 * before it knew anybody (R8): it lets nobody in, and is shown a record of its own by those that it refuses.
 */
import type { Verify } from '../crdt/batch.ts'
import type { Removal } from '../crdt/registry-view.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Mesh } from '../mesh/transport.ts'
import { encodeNotice, readNotice } from './removal-notice.ts'
import type { Replica } from './replica.ts'

export interface ReturnDeps {
  replica: Replica
  mesh: Pick<Mesh, 'connected' | 'onConnect' | 'setRemoved' | 'onRemoved' | 'onTold' | 'onProof' | 'proveWith'>
  verify: Verify
  clock: Clock
  log: Logger
}

export interface ReturnService {
  /**
   * Resolves when every member that is within reach of a peer that has just started was met, or told it that it was removed: then
   * this peer may hand out addresses, or is fenced. After 3 s at the latest.
   */
  cleared(): Promise<void>
  begin(): void
  stop(): void
}

/** A member that answers does so within this, ms; a split must not keep a host from working. */
const clearLimitMs = 3000

export function createReturnService(deps: ReturnDeps): ReturnService {
  return new Returns(deps)
}

class Returns implements ReturnService {
  readonly #deps: ReturnDeps
  readonly #cleared: Promise<void>
  /** Members that have not answered since the start. */
  readonly #awaited = new Set<PeerKey>()
  readonly #answers = new Map<PeerKey, Uint8Array>()
  #isClear: () => void = () => undefined
  #timer: Timer | undefined
  #unsubscribe: (() => void) | undefined
  #version = -1

  constructor(deps: ReturnDeps) {
    this.#deps = deps
    this.#cleared = new Promise(resolve => {
      this.#isClear = resolve
    })
    deps.mesh.onRemoved(async from => this.#tell(from))
    deps.mesh.onTold((from, answer) => this.#told(from, answer))
    deps.mesh.proveWith(member => newestOf(deps.replica, member))
    deps.mesh.onProof(proof => deps.replica.takeProof(proof))
    deps.mesh.onConnect(peer => this.#met(peer))
  }

  cleared(): Promise<void> {
    return this.#cleared
  }

  begin(): void {
    const { replica, mesh, clock } = this.#deps
    this.#unsubscribe = replica.onChange(() => this.#look())
    for (const { key } of replica.view.members()) if (key !== replica.self) this.#awaited.add(key)
    this.#timer = clock.after(clearLimitMs, () => this.#isClear())
    for (const key of mesh.connected()) this.#awaited.delete(key)
    if (this.#awaited.size === 0) this.#isClear()
    this.#look()
  }

  stop(): void {
    this.#unsubscribe?.()
    this.#timer?.cancel()
    this.#isClear()
  }

  #look(): void {
    const { replica, mesh } = this.#deps
    const version = replica.view.membersVersion()
    if (version === this.#version) return
    this.#version = version
    this.#answers.clear()
    const gone = replica.view.removals().filter(({ outcome }) => outcome === 'effective')
    mesh.setRemoved(gone.flatMap(({ targets }) => targets.map(({ key }) => key)))
    // the records of its own removal may reach a peer before the others let go of it
    const own = gone.find(({ targets }) => targets.some(({ key }) => key === replica.self))
    if (own) void this.#fenceBy(own)
  }

  async #fenceBy({ starter, targets, cut = [], since }: Removal): Promise<void> {
    const { replica } = this.#deps
    const at = targets.findIndex(({ key }) => key === replica.self)
    const startedOn = replica.view.everMember(starter)?.name ?? `host ${starter.slice(0, 12)}`
    await replica.fence({ starter, startedOn, sinceMs: since[0], cut: cut[at] ?? 0 })
  }

  /** What a removed peer is shown. */
  #tell(from: PeerKey): Uint8Array {
    const known = this.#answers.get(from)
    if (known) return known
    const { replica } = this.#deps
    const removal = replica.view
      .removals()
      .find(({ outcome, targets }) => outcome === 'effective' && targets.some(({ key }) => key === from))
    const started = removal && replica.batchAt(removal.dot)
    const ended = removal?.end && replica.batchAt(removal.end)
    if (!started || !ended) throw new SkeinError('unavailable', 'the records of the removal are not at hand here')
    const answer = encodeNotice(started, ended)
    this.#answers.set(from, answer)
    return answer
  }

  #told(from: PeerKey, answer: Uint8Array): void {
    const { replica, verify, log } = this.#deps
    try {
      const notice = readNotice(answer, { self: replica.self, from, view: replica.view, verify })
      void replica.fence(notice).then(() => this.#met(from))
    } catch (error) {
      log.warn({ peer: from, err: errorText(error) }, 'a member lets this host in no more, and does not prove why')
    }
  }

  #met(peer: PeerKey): void {
    if (this.#awaited.delete(peer) && this.#awaited.size === 0) this.#isClear()
  }
}

/** What a writer wrote last, as far as it is held here. */
function newestOf(replica: Replica, writer: PeerKey): Uint8Array | undefined {
  const [tip] = replica.vector().get(writer) ?? []
  return tip && replica.batchAt({ writer, counter: tip.counter })
}

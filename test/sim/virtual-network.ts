/**
 * Hosts and the links between them. A cut link loses what is on it and stops connecting; both ends notice after a while. A
 * message also gets lost, doubled, late or overtaken; a request may be lost, or its answer after the handler ran.
 */
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { type PeerKey, signerOf } from '../../src/lib/keys.ts'
import type { Invitation, RequestJoin } from '../../src/mesh/transport.ts'
import type { Random } from './random.ts'
import type { Life, VirtualTime } from './virtual-clock.ts'
import { type Session, VirtualMesh } from './virtual-mesh.ts'
import { drawWeather, type Weather } from './weather.ts'

/** Time between two attempts to connect, ms: as the mesh's own reconnect loop, in its order of magnitude. */
const redialMs = 1500

export interface Exchange {
  answer(reply: Uint8Array): void
  refuse(error: SkeinError): void
}

export class VirtualNetwork {
  readonly time: VirtualTime
  weather: Weather
  readonly #random: Random
  readonly #meshes = new Map<PeerKey, VirtualMesh>()
  readonly #cut = new Set<string>()
  readonly #dialing = new Set<VirtualMesh>()
  #broadcasts = 0

  constructor(time: VirtualTime, random: Random) {
    this.time = time
    this.#random = random
    this.weather = drawWeather(random)
  }

  /** The end of a new process. */
  attach(host: string, self: PeerKey, life: Life): VirtualMesh {
    const mesh = new VirtualMesh(this, host, self, life)
    this.#meshes.set(self, mesh)
    return mesh
  }

  /** The process is gone; whoever is connected to it notices later. */
  detach(life: Life): void {
    for (const [key, mesh] of this.#meshes) {
      if (mesh.life !== life) continue
      mesh.started = false
      this.#meshes.delete(key)
      for (const session of mesh.sessions.values()) this.#noticeLater(session)
    }
  }

  linked(a: string, b: string): boolean {
    return !this.#cut.has(linkName(a, b))
  }

  cut(a: string, b: string): void {
    this.#cut.add(linkName(a, b))
    const sessions = new Set([...this.#meshes.values()].flatMap(mesh => [...mesh.sessions.values()]))
    for (const session of sessions) {
      if (linkName(session.ends[0].host, session.ends[1].host) === linkName(a, b)) this.#noticeLater(session)
    }
  }

  heal(): void {
    this.#cut.clear()
  }

  broadcast(from: VirtualMesh, bytes: Uint8Array): void {
    this.#spread(from, undefined, bytes, this.#broadcasts++)
  }

  exchange(from: VirtualMesh, session: Session, protocol: string, bytes: Uint8Array, exchange: Exchange): void {
    const to = otherEnd(session, from)
    const back = (deliver: () => void) => {
      if (this.#random.chance(this.weather.answerLoss)) return
      this.#carry(to, from, session, deliver)
    }
    if (this.#random.chance(this.weather.requestLoss)) return
    this.#carry(from, to, session, () => {
      to.serve(protocol, from.self, bytes.slice()).then(
        reply => back(() => exchange.answer(reply.slice())),
        error => back(() => exchange.refuse(asRefusal(error))),
      )
    })
  }

  /** The join protocol, from a host that is no member yet. */
  joinerAt(host: string, life: Life): RequestJoin {
    return (invitation, bytes, timeoutMs) => this.#requestJoin(host, life, invitation, bytes, timeoutMs)
  }

  #requestJoin(
    host: string,
    life: Life,
    invitation: Invitation,
    bytes: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    const holder = signerOf(invitation.seed).key
    const { answerLoss, requestLoss } = this.weather
    return new Promise((resolve, reject) => {
      const timeout = () => reject(new SkeinError('timeout', 'the issuer did not answer'))
      this.time.after(timeoutMs, timeout, life)
      this.time.after(this.#delay(), () => {
        const issuer = this.#meshes.get(invitation.issuer)
        if (!issuer?.started || !this.linked(host, issuer.host) || this.#random.chance(requestLoss)) return
        const back = (deliver: () => void) => {
          const isLost = this.#random.chance(answerLoss)
          if (!isLost) this.time.after(this.#delay(), () => life.alive && this.linked(host, issuer.host) && deliver())
        }
        issuer.serveJoin(holder, bytes.slice()).then(
          reply => back(() => resolve(reply.slice())),
          error => back(() => reject(asRefusal(error))),
        )
      })
    })
  }

  /** Connects a process with its members, again and again while one is missing. */
  dialSoon(mesh: VirtualMesh): void {
    if (this.#dialing.has(mesh)) return
    this.#dialing.add(mesh)
    this.time.after(this.#random.between(1, 50), () => this.#dial(mesh), mesh.life)
  }

  #dial(mesh: VirtualMesh): void {
    let missing = false
    for (const key of mesh.members) {
      if (!mesh.started || mesh.sessions.has(key) || key === mesh.self) continue
      missing = true
      this.time.after(this.#delay(), () => this.#connect(mesh, key), mesh.life)
    }
    if (!missing) this.#dialing.delete(mesh)
    else this.time.after(this.#random.between(redialMs / 2, redialMs), () => this.#dial(mesh), mesh.life)
  }

  #connect(mesh: VirtualMesh, key: PeerKey): void {
    const other = this.#meshes.get(key)
    if (!mesh.started || !other?.started || mesh.sessions.has(key) || !mesh.members.has(key)) return
    if (!other.members.has(mesh.self) || !this.linked(mesh.host, other.host)) return
    const session: Session = { ends: [mesh, other] }
    other.met(mesh.self, session)
    mesh.met(key, session)
  }

  #spread(from: VirtualMesh, source: VirtualMesh | undefined, bytes: Uint8Array, id: number): void {
    const { broadcastLoss, duplication } = this.weather
    for (const session of [...from.sessions.values()]) {
      const to = otherEnd(session, from)
      if (to === source || this.#random.chance(broadcastLoss)) continue
      const copies = this.#random.chance(duplication) ? 2 : 1
      for (let copy = 0; copy < copies; copy++) {
        this.#carry(from, to, session, () => this.#heard(to, from, bytes, id))
      }
    }
  }

  #heard(to: VirtualMesh, from: VirtualMesh, bytes: Uint8Array, id: number): void {
    const isNew = !to.heard.has(id)
    to.heard.add(id)
    to.hear(from.self, bytes.slice())
    if (isNew && this.#random.chance(this.weather.relay)) this.#spread(to, from, bytes, id)
  }

  /** Takes a message over a session, if both the link and the receiver's end stand when it arrives. */
  #carry(from: VirtualMesh, to: VirtualMesh, session: Session, deliver: () => void): void {
    if (!this.linked(from.host, to.host)) return
    this.time.after(
      this.#delay(),
      () => {
        if (this.linked(from.host, to.host) && to.sessions.get(from.self) === session) deliver()
      },
      to.life,
    )
  }

  #delay(): number {
    const { delayMs, late, lateMs } = this.weather
    return this.#random.chance(late) ? this.#random.between(delayMs, lateMs) : this.#random.between(0.1, delayMs)
  }

  #noticeLater(session: Session): void {
    for (const end of session.ends) {
      const peer = otherEnd(session, end).self
      this.time.after(
        this.#random.between(1, this.weather.noticeMs),
        () => {
          const other = otherEnd(session, end)
          const isBack = other.started && this.linked(end.host, other.host) && other.sessions.get(end.self) === session
          if (end.sessions.get(peer) !== session || isBack) return
          end.lost(peer)
          this.dialSoon(end)
        },
        end.life,
      )
    }
  }
}

function linkName(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`
}

function otherEnd(session: Session, end: VirtualMesh): VirtualMesh {
  return session.ends[0] === end ? session.ends[1] : session.ends[0]
}

/** What crosses the network of a handler's error: code and text. */
function asRefusal(error: unknown): SkeinError {
  return new SkeinError(error instanceof SkeinError ? error.code : 'unavailable', errorText(error))
}

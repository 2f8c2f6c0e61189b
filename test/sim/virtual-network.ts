/**
 * Hosts and the links between them. A cut link loses what is on it and stops connecting; both ends notice after a while. A
 * message also gets lost, doubled, late or overtaken; a request may be lost, or its answer after the handler ran. Two hosts
 * may run one key: whoever looks for the key meets one of them; the other may connect too, and is asked nothing while the first is there.
 */
import { decode } from '../../src/lib/cbor.ts'
import type { SkeinError } from '../../src/lib/errors.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import { type Invitation, maxMessageBytes, type RequestJoin } from '../../src/mesh/transport.ts'
import { ask, openShown, openTips, syncProtocol } from '../../src/replica/sync-messages.ts'
import { addressOf } from './host.ts'
import { asRefusal, requestJoinOn } from './joining.ts'
import { Links, type Way } from './links.ts'
import { derivedRandom, type Random } from './random.ts'
import type { Life, VirtualTime } from './virtual-clock.ts'
import { type Session, VirtualMesh } from './virtual-mesh.ts'
import type { Weather } from './weather.ts'

/** Time between two attempts to connect, ms: as the mesh's own reconnect loop, in its order of magnitude. */
const redialMs = 1500
/** A second connection with one key is closed after this, ms (src/mesh/links.ts). */
const duplicateMs = 8000
/** How late the second copy of a doubled message may be, ms. */
const echoMs = 30_000

export interface Exchange {
  /** False if nobody waits for it any more. */
  answer(reply: Uint8Array): boolean
  refuse(error: SkeinError): void
}

export class VirtualNetwork {
  readonly time: VirtualTime
  readonly links = new Links()
  weather: Weather
  /** Told when a process shows another what it holds; gives what is to be called when, and if, that arrives. */
  onShow: ((answerer: VirtualMesh, asker: VirtualMesh) => () => void) | undefined
  readonly #seed: number
  readonly #meshes = new Set<VirtualMesh>()
  readonly #dialing = new Set<VirtualMesh>()
  readonly #chance = new Map<string, Random>()
  #broadcasts = 0

  constructor(time: VirtualTime, seed: number, weather: Weather) {
    this.time = time
    this.#seed = seed
    this.weather = weather
  }

  /** The end of a new process. */
  attach(host: string, self: PeerKey, life: Life): VirtualMesh {
    const mesh = new VirtualMesh(this, host, self, life)
    this.#meshes.add(mesh)
    return mesh
  }

  /** The process is gone; whoever is connected to it notices later. */
  detach(life: Life): void {
    for (const mesh of this.#meshes) {
      if (mesh.life !== life) continue
      mesh.started = false
      this.#meshes.delete(mesh)
      for (const session of mesh.everySession()) this.#noticeLater(session)
    }
  }

  /** One end closes the session; the other notices later. */
  end(mesh: VirtualMesh, session: Session): void {
    mesh.lost(session)
    this.#noticeLater(session)
    this.dialSoon(mesh)
  }

  /** Cuts these ways; gives what mends them. */
  cut(ways: readonly Way[]): () => void {
    const mend = this.links.cut(ways)
    const sessions = new Set([...this.#meshes].flatMap(mesh => mesh.everySession()))
    for (const session of sessions) {
      const [{ host: a }, { host: b }] = session.ends
      if (ways.some(([from, to]) => (from === a && to === b) || (from === b && to === a))) this.#noticeLater(session)
    }
    return mend
  }

  broadcast(from: VirtualMesh, bytes: Uint8Array): void {
    this.#spread(from, undefined, bytes, this.#broadcasts++)
  }

  exchange(from: VirtualMesh, session: Session, protocol: string, bytes: Uint8Array, exchange: Exchange): void {
    const to = otherEnd(session, from)
    const random = this.#random(from, to)
    const { requestLoss, answerLoss, requestEcho } = this.weather
    const back = (deliver: () => void) => {
      if (random.chance(answerLoss)) return
      this.#carry(to, from, session, deliver)
    }
    const ask = () =>
      to.serve(session, protocol, from.self, bytes.slice()).then(
        reply => {
          const isShown = protocol === syncProtocol && showsTips(from.self, bytes, reply)
          const shown = isShown ? this.onShow?.(to, from) : undefined
          back(() => exchange.answer(reply.slice()) && shown?.())
        },
        error => back(() => exchange.refuse(asRefusal(error))),
      )
    if (random.chance(requestLoss)) return
    this.#carry(from, to, session, ask)
    if (random.chance(requestEcho)) this.#carry(from, to, session, ask)
  }

  /** The join protocol, from a host that is no member yet. */
  joinerAt(host: string, life: Life): RequestJoin {
    return (invitation, bytes, timeoutMs) => requestJoinOn(this, { host, life, invitation, bytes, timeoutMs })
  }

  /** An invitation's issuer, if it runs where the token says and is within reach of a host: another machine with its key listens elsewhere. */
  issuerFor(host: string, { issuer, addresses }: Invitation): VirtualMesh | undefined {
    const isThere = (mesh: VirtualMesh) => addresses.includes(addressOf(mesh.host))
    return this.#nodesOf(issuer).find(mesh => isThere(mesh) && this.links.linked(host, mesh.host))
  }

  delay(random: Random): number {
    const { delayMs, late, lateMs } = this.weather
    return random.chance(late) ? random.between(delayMs, lateMs) : random.between(0.1, delayMs)
  }

  /** Connects a process with its members, again and again while one is missing. */
  dialSoon(mesh: VirtualMesh): void {
    if (this.#dialing.has(mesh)) return
    this.#dialing.add(mesh)
    this.time.after(this.randomOf(mesh.host).between(1, 50), () => this.#dial(mesh), mesh.life)
  }

  /** Chance of what a host does by itself. */
  randomOf(host: string): Random {
    return this.#named(`${host} `)
  }

  #dial(mesh: VirtualMesh): void {
    const random = this.randomOf(mesh.host)
    let missing = false
    for (const key of mesh.members) {
      if (!mesh.started || mesh.sessionsWith(key).length > 0 || key === mesh.self) continue
      missing = true
      this.time.after(this.delay(random), () => this.#connect(mesh, key), mesh.life)
    }
    if (!missing) this.#dialing.delete(mesh)
    else this.time.after(random.between(redialMs / 2, redialMs), () => this.#dial(mesh), mesh.life)
  }

  #connect(mesh: VirtualMesh, key: PeerKey): void {
    const candidates = this.#nodesOf(key).filter(node => this.links.linked(mesh.host, node.host))
    const random = this.randomOf(mesh.host)
    const other = candidates.length > 1 ? random.pick(candidates) : candidates[0]
    if (!mesh.started || !other || mesh.sessionsWith(key).length > 0 || !mesh.members.has(key)) return
    if (!other.lets(mesh.self)) {
      this.#tell(other, mesh)
      this.#prove(other, mesh)
      return
    }
    const session: Session = { ends: [mesh, other] }
    other.met(session)
    mesh.met(session)
    // another host with this one's key is connected there
    if (other.sessionsWith(mesh.self).length > 1) this.#closeLater(other, session)
  }

  /** Of two connections with one key the one that is not in use is closed after a while, by the side with the lower key. */
  #closeLater(mesh: VirtualMesh, session: Session): void {
    const { self } = otherEnd(session, mesh)
    if (mesh.self > self) return
    const close = () => {
      const [used, ...others] = mesh.sessionsWith(self)
      if (used !== session && others.includes(session)) this.end(mesh, session)
    }
    this.time.after(duplicateMs, close, mesh.life)
  }

  /** A removed peer that has dialled is told so, if the way back carries it. */
  #tell(member: VirtualMesh, dialler: VirtualMesh): void {
    const arrive = (answer: Uint8Array) => {
      if (dialler.started && this.links.carries(member.host, dialler.host)) dialler.told(member.self, answer.slice())
    }
    const later = (answer: Uint8Array | undefined) => {
      if (answer) this.time.after(this.delay(this.#random(member, dialler)), () => arrive(answer), dialler.life)
    }
    void member.serveRemoved(dialler.self).then(later)
  }

  /** A member that lets nobody in is shown a record of its own. */
  #prove(member: VirtualMesh, dialler: VirtualMesh): void {
    const proof = dialler.proofFor(member.self)
    if (!proof) return
    const arrive = () => {
      if (member.started && this.links.carries(dialler.host, member.host)) member.takeProof(dialler.self, proof.slice())
    }
    this.time.after(this.delay(this.#random(dialler, member)), arrive, member.life)
  }

  #nodesOf(key: PeerKey): VirtualMesh[] {
    return [...this.#meshes].filter(mesh => mesh.self === key && mesh.started)
  }

  #spread(from: VirtualMesh, source: VirtualMesh | undefined, bytes: Uint8Array, id: number): void {
    if (!from.life.alive) return
    const { broadcastLoss, duplication, echo } = this.weather
    for (const session of from.sessions()) {
      const to = otherEnd(session, from)
      const random = this.#random(from, to)
      if (to === source || random.chance(broadcastLoss)) continue
      const hear = () => this.#heard(to, from, bytes, id)
      this.#carry(from, to, session, hear)
      if (!random.chance(duplication)) continue
      if (random.chance(echo)) this.time.after(random.between(0, echoMs), hear, to.life)
      else this.#carry(from, to, session, hear)
    }
  }

  #heard(to: VirtualMesh, from: VirtualMesh, bytes: Uint8Array, id: number): void {
    if (!to.started) return
    const isNew = !to.heard.has(id)
    to.heard.add(id)
    to.hear(from.self, bytes.slice())
    if (isNew && this.randomOf(to.host).chance(this.weather.relay)) this.#spread(to, from, bytes, id)
  }

  /** Takes a message over a session, if both the way and the receiver's end stand when it arrives. */
  #carry(from: VirtualMesh, to: VirtualMesh, session: Session, deliver: () => void): void {
    if (!from.life.alive || !this.links.carries(from.host, to.host)) return
    const arrive = () => {
      if (this.links.carries(from.host, to.host) && to.sessionsWith(from.self).includes(session)) deliver()
    }
    this.time.after(this.delay(this.#random(from, to)), arrive, to.life)
  }

  #noticeLater(session: Session): void {
    for (const end of session.ends) {
      const other = otherEnd(session, end)
      const notice = () => {
        const isBack =
          other.started && this.links.linked(end.host, other.host) && other.sessionsWith(end.self).includes(session)
        if (!end.sessionsWith(other.self).includes(session) || isBack) return
        end.lost(session)
        this.dialSoon(end)
      }
      this.time.after(this.randomOf(end.host).between(1, this.weather.noticeMs), notice, end.life)
    }
  }

  #random(from: VirtualMesh, to: VirtualMesh): Random {
    return this.#named(`${from.host} ${to.host}`)
  }

  #named(name: string): Random {
    const found = this.#chance.get(name) ?? derivedRandom(this.#seed, 'network', name)
    this.#chance.set(name, found)
    return found
  }
}

/** True if the answer shows the asker what is held of its own records (docs/reference/wire.md): in a vector, or in short. */
function showsTips(asker: PeerKey, request: Uint8Array, reply: Uint8Array): boolean {
  const asked = decode(request, maxMessageBytes)
  const answered = decode(reply, maxMessageBytes)
  if (!Array.isArray(asked)) return false
  if (asked[0] === ask.tips && !(Array.isArray(answered) && answered.length === 0)) {
    return openTips(answered).entries.some(({ prefix }) => asker.startsWith(prefix))
  }
  if (asked[0] !== ask.hello) return false
  const shown = openShown(answered)
  return typeof shown === 'object' && 'vector' in shown
}

function otherEnd(session: Session, end: VirtualMesh): VirtualMesh {
  return session.ends[0] === end ? session.ends[1] : session.ends[0]
}

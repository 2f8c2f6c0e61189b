/**
 * Many peers on virtual time, each connected with a few others at random: a broadcast goes on from whoever hears it first,
 * as gossip does, and everything that is sent is counted. Nothing is lost here: the simulator in test/sim is for that.
 */
import { sha256Hex } from '../../src/lib/bytes.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import type { PeerKey } from '../../src/lib/keys.ts'
import type { Mesh, RequestHandler } from '../../src/mesh/transport.ts'
import type { Random } from '../../test/sim/random.ts'
import type { VirtualTime } from '../../test/sim/virtual-clock.ts'

interface Node {
  readonly key: PeerKey
  readonly neighbours: Set<Node>
  readonly heard: Set<string>
  readonly handlers: Map<string, RequestHandler>
  hear: (from: PeerKey, bytes: Uint8Array) => void
}

/** One way, ms: hosts of one site and of several. */
const delayMs = { least: 0.2, most: 10 }

export class FloodNetwork {
  messages = 0
  bytes = 0
  /** Most hops that a broadcast needed to a peer that it was new to. */
  hops = 0
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #nodes = new Map<PeerKey, Node>()

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  /** Connects each peer with about `degree` others; a ring among them leaves nobody out. */
  connect(degree: number): void {
    const nodes = [...this.#nodes.values()]
    const link = (a: Node | undefined, b: Node | undefined) => {
      if (!a || !b || a === b) return
      a.neighbours.add(b)
      b.neighbours.add(a)
    }
    nodes.forEach((node, at) => {
      link(node, nodes[(at + 1) % nodes.length])
      for (let more = 1; more < degree / 2; more++) link(node, nodes[this.#random.below(nodes.length)])
    })
  }

  attach(key: PeerKey): Mesh {
    const node: Node = { key, neighbours: new Set(), heard: new Set(), handlers: new Map(), hear: () => {} }
    this.#nodes.set(key, node)
    const nothing = () => {}
    return {
      self: key,
      connected: () => [...node.neighbours].map(({ key: other }) => other).sort(),
      broadcast: bytes => this.#spread(node, bytes, sha256Hex(bytes), 1),
      request: (to, protocol, bytes) => this.#ask(node, to, protocol, bytes),
      handle: (protocol, handler) => void node.handlers.set(protocol, handler),
      onBroadcast: listener => {
        node.hear = listener
      },
      ...{
        onConnect: nothing,
        onDisconnect: nothing,
        reconnect: nothing,
        setMembers: nothing,
        setInvitations: nothing,
        onJoin: nothing,
      },
      ...{
        setRemoved: nothing,
        onRemoved: nothing,
        onProof: nothing,
        proveWith: nothing,
        onTold: nothing,
        placesOf: () => [],
      },
      ...{ start: async () => {}, stop: async () => {} },
    }
  }

  #spread(from: Node, bytes: Uint8Array, id: string, hop: number): void {
    from.heard.add(id)
    for (const to of from.neighbours) {
      this.#count(bytes)
      if (to.heard.has(id)) continue // a copy: it is sent, and dropped there unread
      to.heard.add(id)
      this.#time.after(this.#delay(), () => {
        this.hops = Math.max(this.hops, hop)
        to.hear(from.key, bytes)
        this.#spread(to, bytes, id, hop + 1)
      })
    }
  }

  async #ask(from: Node, to: PeerKey, protocol: string, bytes: Uint8Array): Promise<Uint8Array> {
    this.#count(bytes)
    await this.#time.sleep(this.#delay())
    const node = this.#nodes.get(to)
    const handler = node?.handlers.get(protocol)
    if (!node || !handler) throw new SkeinError('unreachable', `${to.slice(0, 8)} is not there`)
    const reply = await handler(from.key, bytes, (protocol, bytes) => this.#ask(node, from.key, protocol, bytes))
    this.#count(reply)
    await this.#time.sleep(this.#delay())
    return reply
  }

  #count(bytes: Uint8Array): void {
    this.messages++
    this.bytes += bytes.length
  }

  #delay(): number {
    return this.#random.between(delayMs.least, delayMs.most)
  }
}

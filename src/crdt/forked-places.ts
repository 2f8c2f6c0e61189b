/**
 * Where the endpoints of a forked writer are (R8), and which of them are not ended. Several machines wrote its histories, and each says where
 * it receives frames; of all these records the latest counts, which would lead what is meant for the others' containers astray. So an
 * endpoint is where the history of its record ends up, and one from before the parting where its machine was then. And only that
 * machine ends it: another one's Docker does not know of the container, and is no evidence that it went.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import { leavesOf, type Part } from './compact-unit.ts'
import { endpointAt } from './endpoint-record.ts'
import { decodeLeaf } from './leaf-codec.ts'
import type { EndpointLeaf } from './leaves.ts'
import type { Endpoint, Vtep } from './registry-view.ts'

interface Place {
  readonly address: string
  readonly vni: number
}

interface Node {
  readonly part: Pick<Part, 'first' | 'last' | 'hash'>
  /** What the part itself says. */
  readonly places: Map<NetworkId, Place>
  /** The nearest before it that says something. */
  readonly above: Node | undefined
  readonly children: Node[]
}

/** The record of an endpoint that counts: the highest counter, then the lowest hash; of equal ones that on the history with the lower hash. */
interface Written {
  readonly node: Node
  readonly leaf: EndpointLeaf
  readonly counter: number
  readonly hash: string
}

interface Ended {
  readonly node: Node
  readonly counter: number
}

export class ForkedPlaces {
  readonly #writer: PeerKey
  readonly #nodes = new Map<string, Node>()
  readonly #endpoints = new Map<string, Written>()
  /** By endpoint. */
  readonly #ended = new Map<string, Ended[]>()
  /** By node, in which tips it ends; undefined after a change. */
  #tips: Map<Node, readonly Node[]> | undefined
  #kept: readonly Endpoint[] | undefined

  /** @param parts of this writer, in any order */
  constructor(writer: PeerKey, parts: readonly Part[]) {
    this.#writer = writer
    for (const part of [...parts].sort((a, b) => a.first - b.first)) this.add(part)
  }

  /** Takes in a part of the writer's. False if what it follows on is not there yet. */
  add(part: Part): boolean {
    if (this.#nodes.has(part.hash)) return true
    const parent = this.#before(part)
    if (!parent && part.first > 1) return false
    const above = parent && parent.places.size === 0 ? parent.above : parent
    const node: Node = { part, places: new Map(), above, children: [] }
    for (const { counter, hash, bytes } of leavesOf(part)) {
      const leaf = decodeLeaf(bytes)
      if (leaf?.kind === 'vtep') node.places.set(leaf.network, { address: leaf.address, vni: leaf.vni })
      if (leaf?.kind === 'endpoint') this.#note(leaf.id, { node, leaf, counter, hash })
      if (leaf?.kind === 'endpoint-rm')
        this.#ended.set(leaf.id, [...(this.#ended.get(leaf.id) ?? []), { node, counter }])
    }
    this.#nodes.set(part.hash, node)
    parent?.children.push(node)
    this.#tips = undefined
    this.#kept = undefined
    return true
  }

  /** Underlay address of the machine that has the endpoint, as far as its records say. */
  addressOf(id: string): string | undefined {
    const written = this.#endpoints.get(id)
    if (!written) return undefined
    const { node, leaf } = written
    const { network } = leaf
    const ends = (this.#ends().get(node) ?? []).flatMap(tip => placeAt(tip, network)?.address ?? [])
    const then = placeAt(node, network)?.address
    return then !== undefined && ends.includes(then) ? then : ends[0]
  }

  /** Where the machines receive the network's frames: one each, sorted by address. */
  vteps(network: NetworkId): Vtep[] {
    const found = new Map<string, Vtep>()
    const tips = [...this.#nodes.values()].filter(({ children }) => children.length === 0).sort(inOrder)
    for (const tip of tips) {
      const place = placeAt(tip, network)
      if (place && !found.has(place.address)) found.set(place.address, { network, owner: this.#writer, ...place })
    }
    return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1))
  }

  /** Endpoints that were ended, but not by the machine that has them; in no order. */
  kept(): readonly Endpoint[] {
    this.#kept ??= [...this.#ended].flatMap(([id, ended]) => {
      const written = this.#endpoints.get(id)
      return written && !this.#isEnded(written, ended) ? [endpointAt(written.leaf, this.#writer)] : []
    })
    return this.#kept
  }

  /** A history of the machine that has it says so; or it is not known which that is. */
  #isEnded({ node, leaf, counter }: Written, ended: readonly Ended[]): boolean {
    const { network } = leaf
    const here = placeAt(node, network)?.address
    const own = (this.#ends().get(node) ?? []).filter(tip => placeAt(tip, network)?.address === here)
    const isOwn = (by: Node) =>
      this.#ends()
        .get(by)
        ?.some(tip => own.includes(tip)) === true
    return here === undefined || own.length === 0 || ended.some(by => by.counter > counter && isOwn(by.node))
  }

  #note(id: string, written: Written): void {
    const held = this.#endpoints.get(id)
    if (!held || overrules(written, held)) this.#endpoints.set(id, written)
  }

  /** What the part follows on, or the run within which that lies. */
  #before({ first, previous }: Part): Node | undefined {
    const isWithin = ({ part }: Node) => part.first < first && first <= part.last
    return this.#nodes.get(previous) ?? [...this.#nodes.values()].find(isWithin)
  }

  #ends(): Map<Node, readonly Node[]> {
    if (this.#tips) return this.#tips
    const tips = new Map<Node, readonly Node[]>()
    // whatever follows on a node was added later
    for (const node of [...this.#nodes.values()].reverse()) {
      const [only, ...others] = node.children
      const all = only && others.length === 0 ? tips.get(only) : node.children.flatMap(child => tips.get(child) ?? [])
      tips.set(node, only && all ? (others.length === 0 ? all : [...all].sort(inOrder)) : [node])
    }
    this.#tips = tips
    return tips
  }
}

function overrules(a: Written, b: Written): boolean {
  if (a.counter !== b.counter) return a.counter > b.counter
  return a.hash === b.hash ? a.node.part.hash < b.node.part.hash : a.hash < b.hash
}

/** In force behind the node. */
function placeAt(node: Node, network: NetworkId): Place | undefined {
  for (let at: Node | undefined = node; at; at = at.above) {
    const place = at.places.get(network)
    if (place) return place
  }
  return undefined
}

/** The main tip first. */
function inOrder({ part: a }: Node, { part: b }: Node): number {
  return b.last - a.last || (a.hash < b.hash ? -1 : 1)
}

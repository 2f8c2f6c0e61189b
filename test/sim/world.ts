/** One simulated mesh: its hosts, what joins them, and what is checked about them after each event. */

import type { Verify } from '../../src/crdt/batch.ts'
import { networkIdOf } from '../../src/crdt/identity.ts'
import type { RegistryView } from '../../src/crdt/registry-view.ts'
import { type PeerKey, verifySignature } from '../../src/lib/keys.ts'
import type { Invitation } from '../../src/mesh/transport.ts'
import { AddressCheck } from './checks/addresses.ts'
import { DurabilityCheck } from './checks/durability.ts'
import { OwnershipCheck } from './checks/ownership.ts'
import { Pace } from './checks/pace.ts'
import { Copies } from './copies.ts'
import type { Counted } from './counted.ts'
import { History, Violation } from './history.ts'
import type { Host } from './host.ts'
import type { Parts } from './parts.ts'
import type { Plan } from './plan.ts'
import { Promises } from './promises.ts'
import { derivedRandom, type Random } from './random.ts'
import type { Listener } from './recorder.ts'
import { Signatures } from './signatures.ts'
import { VirtualTime } from './virtual-clock.ts'
import { VirtualDisk } from './virtual-disk.ts'
import { VirtualNetwork } from './virtual-network.ts'

export interface WorldOptions {
  plan: Pick<Plan, 'seed' | 'weather'>
  parts: Parts
  /** Gets every line of the history. */
  print?: ((line: string) => void) | undefined
}

export class World {
  readonly seed: number
  readonly parts: Parts
  readonly verbose: boolean
  readonly time = new VirtualTime()
  readonly random: Random
  readonly history: History
  readonly network: VirtualNetwork
  readonly signatures: Signatures
  readonly verify: Verify
  readonly promises = new Promises()
  readonly copies = new Copies(this)
  readonly hosts: Host[] = []
  /** Tokens for several hosts that operators have at hand. */
  readonly tokens: Invitation[] = []
  /** How often each thing was done, or refused (counted.ts). */
  readonly tally = new Map<string, number>()
  readonly addresses: AddressCheck
  readonly ownership: OwnershipCheck
  readonly durability: DurabilityCheck
  /** No more faults and no more requests: the mesh is to come to rest. */
  quiet = false
  failure: Violation | undefined
  readonly #dirty = new Set<Host>()
  #endpoints = 0

  constructor({ plan: { seed, weather }, parts, print }: WorldOptions) {
    this.seed = seed
    this.parts = parts
    this.verbose = print !== undefined
    this.random = derivedRandom(seed, 'checks')
    this.history = new History(this.time, print)
    this.network = new VirtualNetwork(this.time, seed, weather)
    this.network.onShow = (answerer, asker) => {
      const shown = this.copies.shownBy(answerer, asker)
      return () => this.copies.knowsBetter(shown, asker) && this.copies.tell(asker.life)
    }
    this.signatures = new Signatures(verifySignature)
    this.verify = parts.verifyWith(this.signatures.verify)
    const violate = this.violate.bind(this)
    const excuses = this.copies.excuses.bind(this.copies)
    this.addresses = new AddressCheck(() => this.time.nowMs, violate, excuses)
    this.ownership = new OwnershipCheck(violate, excuses)
    this.durability = new DurabilityCheck(this.promises, violate)
  }

  /** A further host, with nothing running on it. */
  addHost(index = this.hosts.length, name = `host${index + 1}`): Host {
    const chance = (of: string) => derivedRandom(this.seed, of, index)
    const disk = new VirtualDisk(this.time, chance('disk'))
    disk.mood.lies = this.parts.lyingDisks
    const host: Host = {
      name,
      index,
      signer: this.signatures.signerOf(chance('key').bytes(32)),
      former: [],
      abandoned: [],
      comingBack: undefined,
      isFounder: index === 0,
      disk,
      witness: new VirtualDisk(this.time, chance('witness')),
      random: chance('host'),
      skewMs: 0,
      membership: undefined,
      containers: new Map(),
      busy: new Set(),
      life: undefined,
      peer: undefined,
      gone: false,
      ready: false,
      flows: 0,
    }
    this.hosts.push(host)
    return host
  }

  readyHosts(): Host[] {
    return this.hosts.filter(host => host.ready)
  }

  count(what: Counted, times = 1): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + times)
  }

  endpointId(): string {
    return `endpoint${++this.#endpoints}`
  }

  /** What nobody else had seen of these is lost on purpose; so is what they alone had seen of a host that has left. */
  doubt(keys: readonly PeerKey[]): void {
    this.promises.doubt([...keys, ...this.#unsureLeavers(keys)])
  }

  /** The same, if their removal becomes effective: somebody begins it. */
  suspect(keys: readonly PeerKey[]): void {
    this.promises.suspect(keys)
    this.promises.doubt(this.#unsureLeavers(keys))
  }

  #unsureLeavers(keys: readonly PeerKey[]): PeerKey[] {
    const others = this.hosts.flatMap(({ peer, signer }) => (peer && !keys.includes(signer.key) ? [peer] : []))
    const isEverywhere = (key: PeerKey, counter: number) =>
      others.every(({ replica }) => (replica.vector().get(key)?.[0]?.counter ?? 0) >= counter)
    return this.promises.unsureLeavers(isEverywhere)
  }

  /** The first broken invariant ends the simulation, after the event in which it broke. */
  violate(invariant: string, details: string): void {
    this.history.note(`VIOLATION ${invariant}: ${details}`)
    this.failure ??= new Violation(invariant, details)
  }

  loggedError(host: Host, text: string): void {
    // what a copy is to lead to
    if (this.copies.any && /fenced|too many histories/.test(text)) return
    // a process that is told to stop, or whose disk fails on purpose, may complain
    if (host.life?.alive && !isIll(host.disk)) this.violate('log', `${host.name} logged an error: ${text}`)
  }

  /** The view of a host has changed. */
  changed(host: Host): void {
    this.#dirty.add(host)
  }

  listenerOf(host: Host, view: () => RegistryView): Listener {
    const pace = new Pace()
    return {
      begun: leaves => {
        if (pace.isTooMuch(this.time.nowMs)) this.violate('pace', `${host.name} writes without end`)
        this.promises.begun(host.signer.key, leaves)
        if (this.copies.wasTold(host.life)) this.violate('R8', `${host.name} writes though it knows of a newer history`)
        for (const leaf of leaves) {
          this.history.note(`${host.name} writes ${leaf.kind}`)
          if (leaf.kind === 'network' && view().isDeleted(networkIdOf(leaf))) {
            this.violate(
              'I3',
              `${host.name} creates ${leaf.tenant}/${leaf.name} again under the id of a deleted network`,
            )
          }
        }
      },
      acknowledged: (dot, leaves) => {
        this.history.note(`${host.name} has written up to ${dot.counter}`)
        this.promises.acknowledged(dot, leaves)
        if (host.peer) this.copies.newest(host.life, dot.writer, host.peer.replica.vector())
      },
      factBegun: (key, value) => {
        if (value !== 'held') this.addresses.freed(host.name, host.signer.key, key)
      },
    }
  }

  /** Runs until `isOver`, looking at what changed after each event. Throws the first violation. */
  async run(isOver: () => boolean): Promise<void> {
    await this.time.run(isOver, () => {
      for (const host of this.#dirty) {
        if (!host.peer) continue
        const { view, fenced } = host.peer.replica
        this.ownership.look(host.name, host.signer.key, view, fenced !== undefined)
        this.durability.look(host.name, view)
      }
      this.#dirty.clear()
      this.copies.look()
      if (this.failure) throw this.failure
    })
  }
}

/** True while a write of the disk may fail. */
export function isIll({ mood }: VirtualDisk): boolean {
  return mood.failure > 0 || mood.freeBytes < Number.POSITIVE_INFINITY
}

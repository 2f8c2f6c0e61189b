/** All tables of what takes effect, over one live set: made anew when something stops taking effect (merge.ts). */
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'
import type { Verify } from './batch.ts'
import { BlockTable } from './block-table.ts'
import { CheckpointTable } from './checkpoint-table.ts'
import type { Kind, LeafOf } from './codec.ts'
import { Collector } from './collector.ts'
import { ContentTable } from './content-table.ts'
import { EndpointTable } from './endpoint-table.ts'
import { HoldTable } from './hold-table.ts'
import type { EndpointLeaf, EndpointRmLeaf, Leaf } from './leaves.ts'
import { type LeafRecord, LiveSet } from './live-set.ts'
import { MembershipTable } from './membership-table.ts'
import { NetworkTable } from './network-table.ts'
import { ObjectTables } from './object-tables.ts'
import type { HistoryKept } from './policy-collection.ts'
import type { Endpoint } from './registry-view.ts'
import type { RemovalTable } from './removal-table.ts'
import { ReservationTable } from './reservation-table.ts'
import type { Departures } from './sure.ts'
import { TenantTable } from './tenant-table.ts'
import { dotText } from './vector.ts'

export interface TablesContext {
  readonly meshId: string
  readonly verify: Verify
  /** Stays when the tables are made anew: it decides what they hold. */
  readonly removals: RemovalTable
  /** Who wrote what a list names, by its hash, and is not in effect here. */
  untold(hash: string): PeerKey[]
  /** Who is gone, or may be. */
  departures(): Departures
  /** The network's endpoints without those that are not shown. */
  shown(network: NetworkId): Endpoint[]
  /** Former keys of a writer's host. */
  earlier(writer: PeerKey): readonly PeerKey[]
  /** How far each writer has come. */
  counters(): Map<PeerKey, number>
  /** How much of what happened to policies is told. */
  readonly kept: HistoryKept
}

/** The list of networks rests on everything but these and the objects. */
const listless = new Set<Kind>(['vtep', 'free', 'block', 'address', 'peer', 'reservation', 'checkpoint'])

export class RecordTables {
  readonly live = new LiveSet()
  readonly membership: MembershipTable
  readonly blocks: BlockTable
  readonly tenants = new TenantTable(this.live)
  readonly networks = new NetworkTable(this.live)
  readonly endpoints = new EndpointTable(this.live)
  readonly holds = new HoldTable(this.live)
  readonly reservations = new ReservationTable(this.live)
  readonly content = new ContentTable(this.live)
  readonly checkpoints = new CheckpointTable(this.live)
  readonly collector: Collector
  readonly objects: ObjectTables
  readonly counters: () => ReadonlyMap<PeerKey, number>
  readonly #removals: RemovalTable
  /** Former keys of a writer's host. */
  readonly earlier: (writer: PeerKey) => readonly PeerKey[]
  readonly #puts: { [K in Kind]: (record: LeafRecord<LeafOf<K>>) => void }
  #touchesList = false

  constructor({ meshId, verify, removals, untold, departures, shown, earlier, counters, kept }: TablesContext) {
    this.#removals = removals
    this.earlier = earlier
    this.counters = counters
    const listing = (key: PeerKey, hash: string) => removals.listing(key, hash)
    const ends = (hash: string) => removals.list(hash)?.ends ?? []
    this.membership = new MembershipTable(meshId, verify, this.live, { listing, untold, ends, departures })
    this.blocks = new BlockTable(meshId, verify, this.live)
    const collected = {
      has: (id: GroupId) => this.networks.collected.has(id),
      add: (id: GroupId) => this.networks.remember(id),
    }
    this.objects = new ObjectTables({ live: this.live, endpoints: shown, counters, collected, kept })
    this.collector = new Collector(this)
    this.#puts = { ...this.#ofMembers(), ...this.#ofRemovals(), ...this.#ofNetworks(), ...this.objects.puts }
  }

  /** Gives effect to a record; true if the list of networks may be another now. */
  put(record: LeafRecord): boolean {
    const { kind } = record.leaf
    this.#touchesList = !listless.has(kind) && !Object.hasOwn(this.objects.puts, kind)
    const put = this.#puts[kind] as (record: LeafRecord) => void
    put(record)
    return this.#touchesList
  }

  /** Keeps a record of a kind from a later version: it has no effect but counts in the digest. */
  putUnknown(record: LeafRecord<Leaf | undefined>): void {
    this.live.add(`unknown:${dotText(record.dot)}`, record)
  }

  #ofMembers() {
    return {
      mesh: record => {
        this.membership.putMesh(record)
        this.#removals.founder = this.membership.founder
      },
      peer: record => this.membership.putPeer(record),
      invitation: record => this.membership.putInvitation(record),
      admission: record => this.membership.putAdmission(record),
      ack: record => this.membership.putAck(record),
      settled: record => this.membership.putSettled(record),
      known: record => {
        if (this.content.put(record)) this.#removals.putKnown(record.hash, record.leaf)
      },
      roster: record => {
        this.content.put(record)
      },
    } satisfies Puts
  }

  #ofRemovals() {
    return {
      removal: record => {
        this.#addByDot(record)
        this.#removals.put(record)
      },
      'removal-ack': record => {
        this.#addByDot(record)
        this.#removals.putAck(record)
      },
      'removal-end': record => {
        this.#addByDot(record)
        this.#removals.putEnd(record)
      },
      'host-down': record => {
        this.#addByDot(record)
        this.#removals.putHostDown(record)
      },
    } satisfies Puts
  }

  #ofNetworks() {
    return {
      tenant: record => this.tenants.put(record),
      'tenant-rm': record => this.tenants.remove(record),
      network: record => this.networks.put(record),
      'network-rm': record => this.networks.remove(record),
      'network-rename': record => this.networks.rename(record),
      'network-drain': record => this.networks.drain(record),
      'network-docker': record => this.networks.putDocker(record),
      'network-hold': record => this.holds.put(record),
      endpoint: record => this.#putEndpoint(record),
      'endpoint-rm': record => this.#putEndpoint(record),
      vtep: record => this.endpoints.putVtep(record),
      free: record => this.endpoints.putFree(record),
      block: record => this.blocks.put(record),
      address: record => this.blocks.putAddress(record),
      reservation: record => this.reservations.put(record),
      checkpoint: record => this.checkpoints.put(record),
    } satisfies Puts
  }

  /** An endpoint matters to the list where it keeps a deleted network draining. */
  #putEndpoint(record: LeafRecord<EndpointLeaf | EndpointRmLeaf>): void {
    const inherited = this.earlier(record.dot.writer).map(key => this.endpoints.touch(key, record.leaf.id))
    const touched = [...this.endpoints.putEndpoint(record), ...inherited]
    this.#touchesList = touched.some(id => id !== undefined && this.networks.isDeleted(id))
  }

  #addByDot(record: LeafRecord): void {
    this.live.add(`${record.leaf.kind}:${dotText(record.dot)}`, record)
  }
}

type Puts = { [K in Kind]?: (record: LeafRecord<LeafOf<K>>) => void }

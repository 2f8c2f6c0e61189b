/**
 * The replicated state: applies records in any order, any number of times (commutative, associative, idempotent, total;
 * test/unit/crdt/laws.test.ts), and shows them as objects. Whether a record is valid is computed here from the state, the
 * same on every peer; nothing is ever refused.
 */
import { fromHex, sha256, toHex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { type Carving, carvingOf } from './addresses.ts'
import type { Batch, Verify } from './batch.ts'
import { BlockTable } from './block-table.ts'
import { blockCount, blockIndex, blockRange, dealOrder } from './blocks.ts'
import { conditionsOf } from './conditions.ts'
import { EndpointTable } from './endpoint-table.ts'
import { maxCounted, uncounted } from './generations.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { decodeLeaf, encodeLeaf } from './leaf-codec.ts'
import type { EndpointLeaf, EndpointRmLeaf, Leaf, Step, Transfer } from './leaves.ts'
import { type LeafRecord, LiveSet } from './live-set.ts'
import { MembershipTable } from './membership-table.ts'
import { NetworkTable } from './network-table.ts'
import { ObjectTables } from './object-tables.ts'
import type {
  Block,
  CarvedAddress,
  Condition,
  Drain,
  Endpoint,
  Member,
  Network,
  RegistryView,
  Vtep,
} from './registry-view.ts'
import { ReservationTable } from './reservation-table.ts'
import { TenantTable } from './tenant-table.ts'
import { type Dot, dotText } from './vector.ts'

/** The name by which other records refer to a roster or a list: SHA-256 of its bytes, hex. */
export function contentName(leaf: Leaf): string {
  return toHex(sha256(encodeLeaf(leaf)))
}

const listless = new Set<Leaf['kind']>([
  'endpoint',
  'endpoint-rm',
  'vtep',
  'free',
  'block',
  'address',
  'peer',
  'reservation',
])

export class Registry implements RegistryView {
  readonly meshId: string
  readonly #live = new LiveSet()
  readonly #membership: MembershipTable
  readonly #tenants = new TenantTable(this.#live)
  readonly #networks = new NetworkTable(this.#live)
  readonly #endpoints = new EndpointTable(this.#live)
  readonly objects = new ObjectTables(
    this.#live,
    network => this.#endpoints.endpoints(network),
    () => this.#counters(),
  )
  readonly #blocks: BlockTable
  readonly #reservations = new ReservationTable(this.#live)
  readonly #rosters = new Map<string, readonly PeerKey[]>()
  readonly #content = new Map<string, LeafRecord>()
  readonly #deals = new Map<NetworkId, readonly PeerKey[]>()
  readonly #forks = new Map<PeerKey, Hlc>()
  readonly #heads = new Map<PeerKey, { counter: number; hlc: Hlc }>()
  #list: Map<NetworkId, Network> | undefined

  constructor(meshId: string, verify: Verify) {
    this.meshId = meshId
    this.#membership = new MembershipTable(meshId, verify, this.#live)
    this.#blocks = new BlockTable(meshId, verify, this.#live)
  }

  /** Where each kind of record goes. */
  readonly #tables: { [K in Leaf['kind']]: (record: LeafRecord<Extract<Leaf, { kind: K }>>) => void } = {
    mesh: record => this.#membership.putMesh(record),
    peer: record => this.#membership.putPeer(record),
    invitation: record => this.#membership.putInvitation(record),
    admission: record => this.#membership.putAdmission(record),
    ack: record => this.#membership.putAck(record),
    settled: record => this.#membership.putSettled(record),
    known: record => {
      if (this.#putContent(record)) this.#membership.putKnown(record.hash, record)
    },
    roster: record => {
      if (this.#putContent(record)) this.#rosters.set(record.hash, record.leaf.keys)
    },
    tenant: record => this.#tenants.put(record),
    'tenant-rm': record => this.#tenants.remove(record),
    network: record => this.#networks.put(record),
    'network-rm': record => this.#networks.remove(record),
    'network-rename': record => this.#networks.rename(record),
    'network-drain': record => this.#networks.drain(record),
    'network-docker': record => this.#networks.putDocker(record),
    endpoint: record => this.#putEndpoint(record),
    'endpoint-rm': record => this.#putEndpoint(record),
    vtep: record => this.#endpoints.putVtep(record),
    free: record => this.#endpoints.putFree(record),
    block: record => this.#blocks.put(record),
    address: record => this.#blocks.putAddress(record),
    reservation: record => this.#reservations.put(record),
    ...this.objects.puts,
  }

  /** Applies every leaf of a batch. */
  apply(batch: Batch): void {
    const { writer, last: counter, hlc } = batch
    const head = this.#heads.get(writer)
    // a forked writer has several batches that end at one counter
    if (!head || (counter - head.counter || compareHlc(hlc, head.hlc)) > 0) this.#heads.set(writer, { counter, hlc })
    batch.leaves.forEach((bytes, i) => {
      const dot = { writer: batch.writer, counter: batch.first + i }
      const record = { dot, hlc: batch.hlc, leaf: decodeLeaf(bytes), hash: toHex(sha256(bytes)) }
      if (record.leaf) this.#put(record as LeafRecord)
      else this.#live.add(`unknown:${dotText(dot)}`, record)
    })
  }

  /** The log holds two histories of the writer, which parted at `since`: from now on it is fenced (R8). */
  noteFork(writer: PeerKey, since: Hlc): void {
    this.#forks.set(writer, since)
  }

  isForked(writer: PeerKey): boolean {
    return this.#forks.has(writer)
  }

  #put(record: LeafRecord): void {
    const { leaf } = record
    const put = this.#tables[leaf.kind] as (record: LeafRecord) => void
    put(record)
    // the list of networks rests on everything but these
    if (!listless.has(leaf.kind) && !Object.hasOwn(this.objects.puts, leaf.kind)) this.#list = undefined
  }

  /** An endpoint matters to the list where it keeps a deleted network draining. */
  #putEndpoint(record: LeafRecord<EndpointLeaf | EndpointRmLeaf>): void {
    const touched = this.#endpoints.putEndpoint(record)
    if (touched.some(id => this.#networks.isDeleted(id))) this.#list = undefined
  }

  /** Content is named by its hash; of several records of it the lowest dot counts, so that the order of arrival does not. */
  #putContent(record: LeafRecord): boolean {
    const held = this.#content.get(record.hash)
    if (held && dotText(held.dot) <= dotText(record.dot)) return false
    this.#content.set(record.hash, record)
    this.#live.set(`content:${record.hash}`, { ...record, dot: { writer: '', counter: 0 } })
    return true
  }

  member(key: PeerKey): Member | undefined {
    return this.#membership.members().get(key)
  }

  members(): Member[] {
    return [...this.#membership.members().values()]
  }

  tenants(): string[] {
    const owners = [...this.networks().map(network => network.tenant), ...this.objects.tenants()]
    const names = new Set([...this.#tenants.names(), ...owners])
    names.delete(defaultTenant)
    return [defaultTenant, ...[...names].sort()]
  }

  hasTenant(name: string): boolean {
    return name === defaultTenant || this.#tenants.acts(name).length > 0 || this.tenants().includes(name)
  }

  networks(tenant?: string): Network[] {
    const all = [...this.#networkMap().values()]
    return tenant === undefined ? all : all.filter(network => network.tenant === tenant)
  }

  network(id: NetworkId): Network | undefined {
    return this.#networkMap().get(id)
  }

  networkByName(tenant: string, name: string): Network | undefined {
    return this.networks(tenant).find(network => network.name === name && network.status === 'live')
  }

  isDeleted(id: NetworkId): boolean {
    return this.#networks.isDeleted(id)
  }

  drain(id: NetworkId): Drain | undefined {
    const record = this.#networks.drainOf(id)
    return record?.leaf.into ? { into: record.leaf.into, by: record.dot.writer, since: record.hlc } : undefined
  }

  deletedSince(id: NetworkId): Hlc | undefined {
    return this.#networks.deletedSince(id)
  }

  endpoints(network: NetworkId): Endpoint[] {
    return this.#endpoints.endpoints(network)
  }

  endpoint(owner: PeerKey, id: string): Endpoint | undefined {
    return this.#endpoints.endpoint(owner, id)
  }

  endpointsVersion(network: NetworkId): number {
    return this.#endpoints.version(network)
  }

  holders(network: NetworkId, ip: number): Endpoint[] {
    return this.#endpoints.holders(network, ip)
  }

  wasEndpoint(network: NetworkId, ip: number): boolean {
    return this.#endpoints.wasEndpoint(network, ip)
  }

  vteps(network: NetworkId): Vtep[] {
    return this.#endpoints.vteps(network)
  }

  vnisOf(owner: PeerKey): Map<number, NetworkId> {
    return this.#endpoints.vnisOf(owner)
  }

  freeHint(network: NetworkId, owner: PeerKey): number | undefined {
    return this.#endpoints.freeHint(network, owner)
  }

  blockCount(id: NetworkId): number {
    const network = this.network(id)
    return network ? blockCount(network.spec.subnet, network.roster.length) : 0
  }

  blockRange(id: NetworkId, index: number): { first: number; last: number } {
    const network = this.network(id)
    return network ? blockRange(network.spec.subnet, network.roster.length, index) : { first: 0, last: -1 }
  }

  block(id: NetworkId, index: number): Block | undefined {
    const root = this.#genesisOwner(id, index)
    if (root === undefined) return undefined
    const chains = this.#blocks.chains(id, index, root)
    const last = chains[0]?.leaf.transfers.at(-1)
    if (!last) return { index, owner: root, epoch: 0, removal: 0, carved: [], quarantined: this.isForked(root) }
    const { to, epoch, carved } = last
    return { index, owner: to, epoch, removal: 0, carved, quarantined: chains.length > 1 || this.isForked(to) }
  }

  transfers(id: NetworkId, index: number): readonly Transfer[] {
    const root = this.#genesisOwner(id, index)
    return root === undefined ? [] : (this.#blocks.chains(id, index, root)[0]?.leaf.transfers ?? [])
  }

  blockOf(id: NetworkId, ip: number): number | undefined {
    const network = this.network(id)
    return network ? blockIndex(network.spec.subnet, network.roster.length, ip) : undefined
  }

  address(id: NetworkId, ip: number): CarvedAddress | undefined {
    const carving = this.#carvingOf(id, ip)
    if (!carving) return undefined
    const chains = this.#blocks.addressChains(id, ip, carving.carver)
    const last = chains[0]?.leaf.transfers.at(-1)
    const { to: owner, epoch } = last ?? { to: carving.carver, epoch: 0 }
    const quarantined = carving.disputed || chains.length > 1 || this.isForked(owner)
    return { ip, owner, epoch, removal: 0, quarantined }
  }

  addressTransfers(id: NetworkId, ip: number): readonly Step[] {
    const carving = this.#carvingOf(id, ip)
    return carving ? (this.#blocks.addressChains(id, ip, carving.carver)[0]?.leaf.transfers ?? []) : []
  }

  carved(id: NetworkId): number[] {
    return [...this.#blocks.carved(id)].filter(ip => this.#carvingOf(id, ip)).sort((a, b) => a - b)
  }

  reservedBy(id: NetworkId, ip: number): PeerKey | undefined {
    const address = this.address(id, ip)
    const isKept = address !== undefined && !address.quarantined && this.#reservations.isKept(id, ip, address.owner)
    return isKept ? address.owner : undefined
  }

  reserved(id: NetworkId): number[] {
    return this.#reservations.everReserved(id).filter(ip => this.reservedBy(id, ip) !== undefined)
  }

  touchedBlocks(id: NetworkId): readonly number[] {
    return this.#blocks.touched(id)
  }

  dealOrder(id: NetworkId): readonly PeerKey[] {
    const network = this.network(id)
    if (!network) return []
    let order = this.#deals.get(id)
    if (!order) {
      order = dealOrder(id, network.roster)
      this.#deals.set(id, order)
    }
    return order
  }

  lastWrite(writer: PeerKey): Hlc | undefined {
    return this.#heads.get(writer)?.hlc
  }

  duplicates(network: NetworkId): number[] {
    return this.#endpoints.duplicates(network)
  }

  conditions(): Condition[] {
    return conditionsOf(this, {
      tenants: this.#tenants,
      networks: this.#networks,
      blocks: this.#blocks,
      endpoints: this.#endpoints,
      forks: this.#forks,
      objects: this.objects,
    })
  }

  actsOf(id: NetworkId): Dot[] {
    return this.#networks.actsOf(id)
  }

  tenantActs(name: string): Dot[] {
    return this.#tenants.acts(name)
  }

  nextGeneration(tenant: string, name: string): number {
    const next = this.#networks.generations.next(tenant, name)
    if (next <= maxCounted) return next
    return uncounted(tenant, name, this.#counters())
  }

  hasContent(hash: string): boolean {
    return this.#content.has(hash)
  }

  invitations(issuer: PeerKey) {
    return this.#membership.invitationsOf(issuer)
  }

  admissions() {
    return this.#membership.admitted().map(({ record, acks }) => ({
      key: record.leaf.key,
      dot: record.dot,
      admitter: record.dot.writer,
      ackedBy: firstOfEach(acks).map(ack => ({ key: ack.dot.writer, dot: ack.dot, known: ack.leaf.known })),
    }))
  }

  majorityFor(admission: Dot, newcomer?: PeerKey): Dot[] | undefined {
    return this.#membership.majorityFor(admission, newcomer)
  }

  size(): number {
    return this.#live.size
  }

  digest(): string {
    return this.#live.digest()
  }

  /** How far each writer has come. */
  #counters(): Map<PeerKey, number> {
    return new Map([...this.#heads].map(([key, { counter }]) => [key, counter]))
  }

  #networkMap(): Map<NetworkId, Network> {
    if (!this.#list) {
      const list = this.#networks.list({
        roster: hash => this.#settledRoster(hash),
        hasEndpoints: id => this.#endpoints.hasEndpoints(id),
      })
      this.#list = new Map(list.map(network => [network.id, network]))
    }
    return this.#list
  }

  /** A network whose roster names a peer that is not (yet known to be) settled takes no effect. */
  #settledRoster(hash: string): readonly PeerKey[] | undefined {
    const keys = this.#rosters.get(hash)
    const members = this.#membership.members()
    return keys && keys.length > 0 && keys.every(key => members.get(key)?.settled) ? keys : undefined
  }

  #carvingOf(id: NetworkId, ip: number): Carving | undefined {
    if (!this.#blocks.carved(id).has(ip)) return undefined
    const index = this.blockOf(id, ip)
    const root = index === undefined ? undefined : this.#genesisOwner(id, index)
    if (index === undefined || root === undefined) return undefined
    return carvingOf(
      this.#blocks.chains(id, index, root).map(({ leaf }) => leaf.transfers),
      ip,
    )
  }

  #genesisOwner(id: NetworkId, index: number): PeerKey | undefined {
    if (index < 0 || index >= this.blockCount(id)) return undefined
    const order = this.dealOrder(id)
    return order[index % order.length]
  }
}

/** Of several acknowledgements by one writer the first. */
function firstOfEach<T extends LeafRecord<unknown>>(acks: readonly T[]): T[] {
  const first = new Map<PeerKey, T>()
  for (const ack of acks) if (!first.has(ack.dot.writer)) first.set(ack.dot.writer, ack)
  return [...first.values()]
}

/** The roster leaf of these peers, in its canonical order. */
export function rosterLeaf(keys: readonly PeerKey[]): Leaf {
  return { kind: 'roster', keys: [...keys].sort((a, b) => Buffer.compare(fromHex(a), fromHex(b))) }
}

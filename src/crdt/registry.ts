/**
 * The replicated state: applies records in any order, any number of times (commutative, associative, idempotent, total;
 * test/unit/crdt/laws.test.ts), and shows them as objects. Whether a record is valid is computed here from the state, the
 * same on every peer; nothing is ever refused.
 */
import { fromHex, sha256Hex } from '../lib/bytes.ts'
import type { PeerKey } from '../lib/keys.ts'
import { defaultTenant } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import { type Carving, carvingOf } from './addresses.ts'
import type { Batch, Verify } from './batch.ts'
import { BlockTable } from './block-table.ts'
import { blockCount, blockIndex, blockRange, dealOrder } from './blocks.ts'
import { conditionsOf } from './conditions.ts'
import { countedSteps, holderOf } from './custody.ts'
import { EndpointTable } from './endpoint-table.ts'
import { Gate } from './gate.ts'
import { maxCounted, uncounted } from './generations.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import { HoldTable } from './hold-table.ts'
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
  Removal,
  Vtep,
} from './registry-view.ts'
import { RemovalTable } from './removal-table.ts'
import { Removals } from './removals.ts'
import { ReservationTable } from './reservation-table.ts'
import { TenantTable } from './tenant-table.ts'
import { type Dot, dotText } from './vector.ts'

/** The name by which other records refer to a roster or a list: SHA-256 of its bytes, hex. */
export function contentName(leaf: Leaf): string {
  return sha256Hex(encodeLeaf(leaf))
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

/** What removals are decided by. */
const deciding = new Set<Leaf['kind']>(['mesh', 'known', 'removal', 'removal-ack', 'removal-end', 'host-down'])
/** What takes effect also above its writer's limit: what removals are decided by, evidence, and content that is named by its hash. */
const unlimited = new Set<Leaf['kind']>([...deciding, 'ack', 'roster'])

export interface RegistryOptions {
  /** Whose registry it is: its own promises about undecided removals hold here alone. @default nobody's */
  self?: PeerKey
  /** All batches that were applied, each writer's in order, for the rare case that it has to be built again. @default kept here */
  history?: () => Iterable<Batch>
}

/** Numbers of versions in one era: more changes than a process lives to see. */
const perEra = 2 ** 32

export class Registry implements RegistryView {
  readonly meshId: string
  readonly #verify: Verify
  readonly #history: () => Iterable<Batch>
  readonly #remembered: Batch[] | undefined
  readonly #gate = new Gate()
  readonly #removalTable = new RemovalTable()
  readonly #removals: Removals
  readonly #deals = new Map<NetworkId, readonly PeerKey[]>()
  readonly #forks = new Map<PeerKey, Hlc>()
  readonly #heads = new Map<PeerKey, { counter: number; hlc: Hlc }>()
  #live = new LiveSet()
  #membership: MembershipTable
  #tenants = new TenantTable(this.#live)
  #networks = new NetworkTable(this.#live)
  #endpoints = new EndpointTable(this.#live)
  #objects = this.#newObjects()
  #blocks: BlockTable
  #holds = new HoldTable(this.#live)
  #reservations = new ReservationTable(this.#live)
  #rosters = new Map<string, readonly PeerKey[]>()
  #content = new Map<string, LeafRecord>()
  #list: Map<NetworkId, Network> | undefined
  #listVersion = 0
  /** How often the tables were made anew. */
  #rebuilds = 0

  constructor(meshId: string, verify: Verify, { self, history }: RegistryOptions = {}) {
    this.meshId = meshId
    this.#verify = verify
    const remembered: Batch[] = []
    this.#remembered = history ? undefined : remembered
    this.#history = history ?? (() => remembered)
    this.#removals = new Removals(this.#removalTable, {
      self,
      held: writer => this.#gate.held(writer),
      settledBy: () => (self === undefined ? [] : this.#membership.settledBy(self)),
    })
    this.#membership = this.#newMembership()
    this.#blocks = new BlockTable(meshId, verify, this.#live)
  }

  /** Groups, policies, rules, profiles, settings: as of now; another object after a rebuild. */
  get objects(): ObjectTables {
    return this.#objects
  }

  #newObjects(): ObjectTables {
    return new ObjectTables(
      this.#live,
      network => this.endpoints(network),
      () => this.#counters(),
    )
  }

  #newMembership(): MembershipTable {
    const listing = (key: PeerKey, hash: string) => this.#removalTable.listing(key, hash)
    return new MembershipTable(this.meshId, this.#verify, this.#live, listing)
  }

  /** Where each kind of record goes. */
  #tables: { [K in Leaf['kind']]: (record: LeafRecord<Extract<Leaf, { kind: K }>>) => void } = {
    mesh: record => {
      this.#membership.putMesh(record)
      this.#removalTable.founder = this.#membership.founder
    },
    peer: record => this.#membership.putPeer(record),
    invitation: record => this.#membership.putInvitation(record),
    admission: record => this.#membership.putAdmission(record),
    ack: record => this.#membership.putAck(record),
    settled: record => this.#membership.putSettled(record),
    known: record => {
      if (this.#putContent(record)) this.#removalTable.putKnown(record.hash, record.leaf)
    },
    removal: record => {
      this.#live.add(`removal:${dotText(record.dot)}`, record)
      this.#removalTable.put(record)
    },
    'removal-ack': record => {
      this.#live.add(`removal-ack:${dotText(record.dot)}`, record)
      this.#removalTable.putAck(record)
    },
    'removal-end': record => {
      this.#live.add(`removal-end:${dotText(record.dot)}`, record)
      this.#removalTable.putEnd(record)
    },
    'host-down': record => {
      this.#live.add(`host-down:${dotText(record.dot)}`, record)
      this.#removalTable.putHostDown(record)
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
    'network-hold': record => this.#holds.put(record),
    endpoint: record => this.#putEndpoint(record),
    'endpoint-rm': record => this.#putEndpoint(record),
    vtep: record => this.#endpoints.putVtep(record),
    free: record => this.#endpoints.putFree(record),
    block: record => this.#blocks.put(record),
    address: record => this.#blocks.putAddress(record),
    reservation: record => this.#reservations.put(record),
    ...this.#objects.puts,
  }

  /** Applies every leaf of a batch, but those above a limit: these wait. */
  apply(batch: Batch): void {
    this.#remembered?.push(batch)
    this.#gate.receive(batch.writer, batch.last)
    const { writer, last: counter, hlc } = batch
    const head = this.#heads.get(writer)
    // a forked writer has several batches that end at one counter
    if (!head || (counter - head.counter || compareHlc(hlc, head.hlc)) > 0) this.#heads.set(writer, { counter, hlc })
    const records = recordsOf(batch)
    const open = records.filter(isUnlimited)
    for (const record of open) this.#put(record as LeafRecord)
    const decides = open.some(({ leaf }) => leaf && deciding.has(leaf.kind)) || this.#removals.isAwaited(batch.writer)
    if (decides && this.#decide()) return
    for (const record of records) if (!isUnlimited(record)) this.#applyLimited(record)
  }

  #applyLimited(record: LeafRecord<Leaf | undefined>): void {
    if (!this.#gate.passes(record, this.#removals.limit(record.dot.writer))) return
    if (record.leaf) this.#put(record as LeafRecord)
    else this.#live.add(`unknown:${dotText(record.dot)}`, record)
  }

  /** Decides removals anew, and gives and takes effect accordingly. True if all was built again. */
  #decide(): boolean {
    this.#removals.decide()
    this.#membership.forget()
    this.#forgetList()
    const limit = (writer: PeerKey) => this.#removals.limit(writer)
    if (this.#gate.isOverrun(limit)) {
      this.#rebuild()
      return true
    }
    for (const record of this.#gate.release(limit)) this.#applyLimited(record as LeafRecord<Leaf | undefined>)
    return false
  }

  /** A limit fell below what was applied: what rests on it cannot be told apart any more. */
  #rebuild(): void {
    this.#rebuilds++
    this.#gate.reset()
    this.#live = new LiveSet()
    this.#membership = this.#newMembership()
    this.#tenants = new TenantTable(this.#live)
    this.#networks = new NetworkTable(this.#live)
    this.#endpoints = new EndpointTable(this.#live)
    this.#objects = this.#newObjects()
    this.#tables = { ...this.#tables, ...this.#objects.puts }
    this.#blocks = new BlockTable(this.meshId, this.#verify, this.#live)
    this.#holds = new HoldTable(this.#live)
    this.#reservations = new ReservationTable(this.#live)
    this.#rosters = new Map()
    this.#content = new Map()
    for (const batch of this.#history()) {
      for (const record of recordsOf(batch)) {
        if (isUnlimited(record)) this.#put(record as LeafRecord)
        else this.#applyLimited(record)
      }
    }
    this.#removals.decide()
    this.#forgetList()
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
    if (listless.has(leaf.kind) || Object.hasOwn(this.#objects.puts, leaf.kind)) return
    this.#forgetList()
    this.#removals.forget()
  }

  #forgetList(): void {
    this.#list = undefined
    this.#listVersion++
  }

  /** An endpoint matters to the list where it keeps a deleted network draining. */
  #putEndpoint(record: LeafRecord<EndpointLeaf | EndpointRmLeaf>): void {
    const touched = this.#endpoints.putEndpoint(record)
    if (touched.some(id => this.#networks.isDeleted(id))) this.#forgetList()
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
    return this.#removals.gone.has(key) ? undefined : this.everMember(key)
  }

  everMember(key: PeerKey): Member | undefined {
    return this.#membership.members().get(key)
  }

  members(): Member[] {
    return [...this.#membership.members().values()].filter(({ key }) => !this.#removals.gone.has(key))
  }

  removals(): Removal[] {
    return this.#removals.list()
  }

  held(writer: PeerKey): number {
    return this.#gate.held(writer)
  }

  membersVersion(): number {
    return this.#numbered(this.#membership.version)
  }

  networksVersion(): number {
    return this.#listVersion
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

  heldBy(id: NetworkId): PeerKey[] {
    return this.#holds.holders(id).filter(key => this.everMember(key) !== undefined && !this.#isHidden(key))
  }

  endpoints(network: NetworkId): Endpoint[] {
    return this.#endpoints.endpoints(network).filter(({ owner }) => !this.#isHidden(owner))
  }

  endpoint(owner: PeerKey, id: string): Endpoint | undefined {
    return this.#isHidden(owner) ? undefined : this.#endpoints.endpoint(owner, id)
  }

  endpointsVersion(network: NetworkId): number {
    return this.#numbered(this.#endpoints.version(network))
  }

  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined {
    if (Math.floor(since / perEra) !== this.#era()) return undefined
    return this.#endpoints.changedAddresses(network, since % perEra)
  }

  endpointsOf(owner: PeerKey): Endpoint[] {
    return this.#endpoints.endpointsOf(owner)
  }

  ownedVersion(owner: PeerKey): number {
    return this.#numbered(this.#endpoints.ownedVersion(owner))
  }

  holders(network: NetworkId, ip: number): Endpoint[] {
    // the containers of a host that is gone, but not known to be down, may still run (R5)
    return this.#endpoints
      .holders(network, ip)
      .filter(({ owner }) => !this.#isHidden(owner) || !this.#removals.gone.get(owner)?.asserted)
  }

  wasEndpoint(network: NetworkId, ip: number): boolean {
    return this.#endpoints.wasEndpoint(network, ip)
  }

  vteps(network: NetworkId): Vtep[] {
    return this.#endpoints.vteps(network).filter(({ owner }) => !this.#isHidden(owner))
  }

  vtepsVersion(network: NetworkId): number {
    return this.#numbered(this.#endpoints.vtepsVersion(network))
  }

  vnisVersion(): number {
    return this.#numbered(this.#endpoints.vniVersion)
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
    const chains = this.#blockChains(id, index)
    const carved = chains[0]?.at(-1)?.carved ?? []
    return { index, removal: 0, carved, ...this.#holderOf(id, chains, root) }
  }

  transfers(id: NetworkId, index: number): readonly Transfer[] {
    return this.#blockChains(id, index)[0] ?? []
  }

  blockOf(id: NetworkId, ip: number): number | undefined {
    const network = this.network(id)
    return network ? blockIndex(network.spec.subnet, network.roster.length, ip) : undefined
  }

  address(id: NetworkId, ip: number): CarvedAddress | undefined {
    const carving = this.#carvingOf(id, ip)
    if (!carving) return undefined
    const { owner, epoch, quarantined } = this.#holderOf(id, this.#addressChains(id, ip), carving.carver)
    return { ip, owner, epoch, removal: 0, quarantined: carving.disputed || quarantined }
  }

  addressTransfers(id: NetworkId, ip: number): readonly Step[] {
    return this.#addressChains(id, ip)[0] ?? []
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

  successor(owner: PeerKey): { owner: PeerKey; quarantined: boolean } {
    return this.#removals.successor(owner)
  }

  lastWrite(writer: PeerKey): Hlc | undefined {
    return this.#heads.get(writer)?.hlc
  }

  duplicates(network: NetworkId): number[] {
    return this.#endpoints.duplicates(network).filter(ip => this.holders(network, ip).length > 1)
  }

  conditions(): Condition[] {
    const twice = {
      blocks: this.#blocks
        .forks()
        .filter(([one]) => one && this.#blockChains(one.leaf.network, one.leaf.index).length > 1),
      addresses: this.#blocks
        .addressForks()
        .filter(([one]) => one && this.#addressChains(one.leaf.network, one.leaf.ip).length > 1),
    }
    return conditionsOf(this, {
      tenants: this.#tenants,
      networks: this.#networks,
      twice,
      endpoints: this.#endpoints,
      forks: this.#forks,
      objects: this.#objects,
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
    const { fences } = this.#removals
    if (!this.#gate.withholds(fences.keys())) return this.#live.digest()
    // a promise of this peer's own is no difference to other peers
    const everybodys = new Registry(this.meshId, this.#verify, { history: this.#history })
    for (const batch of this.#history()) everybodys.apply(batch)
    return everybodys.#live.digest()
  }

  /** How far each writer has come. */
  #counters(): Map<PeerKey, number> {
    return new Map([...this.#heads].map(([key, { counter }]) => [key, counter]))
  }

  #hasEndpoints(id: NetworkId): boolean {
    return this.#removals.gone.size === 0 ? this.#endpoints.hasEndpoints(id) : this.endpoints(id).length > 0
  }

  #networkMap(): Map<NetworkId, Network> {
    if (!this.#list) {
      const list = this.#networks.list({
        roster: hash => this.#settledRoster(hash),
        isUsed: id => this.#hasEndpoints(id) || this.heldBy(id).length > 0,
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
    return index === undefined ? undefined : carvingOf(this.#blockChains(id, index), ip)
  }

  #blockChains(id: NetworkId, index: number): readonly (readonly Transfer[])[] {
    const root = this.#genesisOwner(id, index)
    return root === undefined ? [] : countedSteps(this.#blocks.chains(id, index), root, this.#removals)
  }

  #addressChains(id: NetworkId, ip: number): readonly (readonly Step[])[] {
    const carving = this.#carvingOf(id, ip)
    return carving ? countedSteps(this.#blocks.addressChains(id, ip), carving.carver, this.#removals) : []
  }

  #holderOf(id: NetworkId, chains: readonly (readonly Step[])[], root: PeerKey) {
    const held = holderOf(chains, root, this.#removals)
    const isDoubtful =
      held.owner === this.#removals.self &&
      this.#removals.hasDoubts &&
      this.#networks.creators(id).every(key => this.#removals.isDoubtful(key))
    return isDoubtful || this.isForked(held.owner) ? { ...held, quarantined: true } : held
  }

  /** Gone from the lists; on its own host its containers stay where they are. */
  /** Tables count their own changes; a change of who is gone, or tables made anew, begin another era. */
  #era(): number {
    return this.#rebuilds + this.#removals.version
  }

  #numbered(version: number): number {
    return this.#era() * perEra + version
  }

  #isHidden(owner: PeerKey): boolean {
    return owner !== this.#removals.self && this.#removals.gone.has(owner)
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

function recordsOf(batch: Batch): LeafRecord<Leaf | undefined>[] {
  return batch.leaves.map((bytes, i) => {
    const dot = { writer: batch.writer, counter: batch.first + i }
    return { dot, hlc: batch.hlc, leaf: decodeLeaf(bytes), hash: sha256Hex(bytes) }
  })
}

function isUnlimited({ leaf }: LeafRecord<Leaf | undefined>): boolean {
  return leaf !== undefined && unlimited.has(leaf.kind)
}

/** The roster leaf of these peers, in its canonical order. */
export function rosterLeaf(keys: readonly PeerKey[]): Leaf {
  return { kind: 'roster', keys: [...keys].sort((a, b) => Buffer.compare(fromHex(a), fromHex(b))) }
}

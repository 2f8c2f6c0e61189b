/**
 * The replicated state: applies records in any order, any number of times (test/unit/crdt/laws.test.ts), and shows them as
 * objects; nothing is ever refused. The front: what is received is in merge.ts, what follows from it in the readings.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Verify } from './batch.ts'
import { CheckpointReadings } from './checkpoint-readings.ts'
import type { Part } from './compact-unit.ts'
import { conditionsOf } from './conditions.ts'
import { CustodyReadings } from './custody-readings.ts'
import { EndpointReadings } from './endpoint-readings.ts'
import { Forks } from './forks.ts'
import type { Hlc } from './hlc.ts'
import type { Step, Transfer } from './leaves.ts'
import { MemberReadings } from './member-readings.ts'
import { Merge } from './merge.ts'
import { NetworkReadings } from './network-readings.ts'
import type { ObjectTables } from './object-tables.ts'
import { type HistoryKept, usualHistory } from './policy-collection.ts'
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
import type { Dot } from './vector.ts'

export { contentName, rosterLeaf } from './content.ts'

export interface RegistryOptions {
  /** Whose registry it is: its own promises about undecided removals hold here alone. @default nobody's */
  self?: PeerKey
  /** All batches that were applied, each writer's in order, for the rare case that it has to be built again. @default kept here */
  history?: () => Iterable<Part>
  /** How much of what happened to policies is told. @default usualHistory */
  kept?: HistoryKept | undefined
}

export class Registry implements RegistryView {
  readonly meshId: string
  readonly checkpoints: CheckpointReadings
  readonly #merge: Merge
  readonly #forks: Forks
  readonly #members: MemberReadings
  readonly #networks: NetworkReadings
  readonly #endpoints: EndpointReadings
  readonly #custody: CustodyReadings

  constructor(meshId: string, verify: Verify, { self, history, kept = usualHistory }: RegistryOptions = {}) {
    this.meshId = meshId
    const merge = new Merge({ meshId, verify, self, history, kept })
    this.#merge = merge
    this.checkpoints = new CheckpointReadings(merge)
    this.#networks = new NetworkReadings(merge)
    this.#forks = new Forks(
      () => merge.history(),
      () => merge.eras.changed(),
    )
    this.#members = new MemberReadings(merge, this.#forks)
    this.#endpoints = new EndpointReadings(merge, this.#forks)
    this.#custody = new CustodyReadings({ merge, network: id => this.network(id), isFenced: key => this.isFenced(key) })
  }

  /** Groups, policies, rules, profiles, settings: as of now; another object after a rebuild. */
  get objects(): ObjectTables {
    return this.#merge.tables.objects
  }

  /** Applies every leaf of a batch, or of what is left of a run of them, but those above a limit: these wait. */
  apply(part: Part): void {
    this.#merge.apply(part)
    this.#forks.saw(part)
  }

  /** The history has lost more than what a checkpoint lets go of: all is built again from it. */
  restart(): void {
    this.#merge.restart()
    this.#forks.forget()
  }

  /** The log holds two histories of the writer, which parted at `since`: it is fenced (R8). Undefined: only one is left. */
  noteFork(writer: PeerKey, since: Hlc | undefined): void {
    this.#forks.note(writer, since)
  }

  isForked(writer: PeerKey): boolean {
    return this.#forks.since.has(writer)
  }

  succeededBy(key: PeerKey): PeerKey | undefined {
    return this.#members.succeededBy(key)
  }

  isFenced(key: PeerKey): boolean {
    return this.isForked(key) || this.succeededBy(key) !== undefined
  }

  isDoubtful(key: PeerKey): boolean {
    return this.#members.isDoubtful(key)
  }

  successions() {
    return this.#members.successions()
  }

  held(writer: PeerKey): number {
    return this.#merge.held(writer)
  }

  lastWrite(writer: PeerKey): Hlc | undefined {
    return this.#merge.heads.get(writer)?.hlc
  }

  hasContent(hash: string): boolean {
    return this.#merge.tables.content.has(hash)
  }

  networksVersion(): number {
    return this.#networks.networksVersion()
  }

  size(): number {
    return this.#merge.tables.live.size
  }

  digest(): string {
    return this.#merge.digest()
  }

  /** The digest where it is at hand, at no cost; undefined where it takes building the state again. */
  everybodysDigest(): string | undefined {
    return this.#merge.everybodysDigest()
  }

  conditions(): Condition[] {
    const { tenants, networks, endpoints, objects } = this.#merge.tables
    const twice = this.#custody.twice()
    const forged = {
      custody: this.#custody.forged(),
      membership: this.#members.forged(),
      endpoints: this.#endpoints.misplaced(this.networks().map(network => network.id)),
    }
    // what a writer with two histories lets go of is kept, by whoever sees both: that is its other condition, and no news
    const unjust = this.checkpoints.unjust().filter(({ dot }) => !this.#forks.since.has(dot.writer))
    return conditionsOf(this, {
      tenants,
      networks,
      endpoints,
      objects,
      twice,
      forged,
      forks: this.#forks.since,
      unjust,
    })
  }

  member(key: PeerKey): Member | undefined {
    return this.#members.member(key)
  }

  everMember(key: PeerKey): Member | undefined {
    return this.#members.everMember(key)
  }

  /** True for whose records are taken in: members, those that were, and who is unseen here until a removal is decided that waits for it. */
  mayWrite(key: PeerKey): boolean {
    return this.everMember(key) !== undefined || this.#merge.isUnseenVoter(key)
  }

  members(): Member[] {
    return this.#members.members()
  }

  removals(): Removal[] {
    return this.#members.removals()
  }

  membersVersion(): number {
    return this.#members.membersVersion()
  }

  invitations(issuer: PeerKey) {
    return this.#members.invitations(issuer)
  }

  admissions() {
    return this.#members.admissions()
  }

  majorityFor(admission: Dot, newcomer?: PeerKey): Dot[] | undefined {
    return this.#members.majorityFor(admission, newcomer)
  }

  hasSpokenSettled(writer: PeerKey, newcomer: PeerKey, admission: Dot): boolean {
    return this.#members.hasSpokenSettled(writer, newcomer, admission)
  }

  hasListedGone(writer: PeerKey, newcomer: PeerKey, admission: Dot): boolean {
    return this.#members.hasListedGone(writer, newcomer, admission)
  }

  tenants(): string[] {
    return this.#networks.tenants()
  }

  hasTenant(name: string): boolean {
    return this.#networks.hasTenant(name)
  }

  networks(tenant?: string): Network[] {
    return this.#networks.networks(tenant)
  }

  network(id: NetworkId): Network | undefined {
    return this.#networks.network(id)
  }

  networkByName(tenant: string, name: string): Network | undefined {
    return this.#networks.networkByName(tenant, name)
  }

  isDeleted(id: NetworkId): boolean {
    return this.#networks.isDeleted(id)
  }

  drain(id: NetworkId): Drain | undefined {
    return this.#networks.drain(id)
  }

  deletedSince(id: NetworkId): Hlc | undefined {
    return this.#networks.deletedSince(id)
  }

  heldBy(id: NetworkId): PeerKey[] {
    return this.#networks.heldBy(id)
  }

  successor(owner: PeerKey): { owner: PeerKey; quarantined: boolean } {
    return this.#custody.successor(owner)
  }

  actsOf(id: NetworkId): Dot[] {
    return this.#networks.actsOf(id)
  }

  tenantActs(name: string): Dot[] {
    return this.#networks.tenantActs(name)
  }

  nextGeneration(tenant: string, name: string): number {
    return this.#networks.nextGeneration(tenant, name)
  }

  endpoints(network: NetworkId): Endpoint[] {
    return this.#endpoints.endpoints(network)
  }

  eachEndpoint(network: NetworkId): Iterable<Endpoint> {
    return this.#endpoints.eachEndpoint(network)
  }

  everGrouped(network: NetworkId): boolean {
    return this.#endpoints.everGrouped(network)
  }

  endpointsAt(network: NetworkId, ip: number): Endpoint[] {
    return this.#endpoints.endpointsAt(network, ip)
  }

  endpoint(owner: PeerKey, id: string): Endpoint | undefined {
    return this.#endpoints.endpoint(owner, id)
  }

  endpointsVersion(network: NetworkId): number {
    return this.#endpoints.endpointsVersion(network)
  }

  changedAddresses(network: NetworkId, since: number): readonly number[] | undefined {
    return this.#endpoints.changedAddresses(network, since)
  }

  endpointsOf(owner: PeerKey): Endpoint[] {
    return this.#endpoints.endpointsOf(owner)
  }

  ownedVersion(owner: PeerKey): number {
    return this.#endpoints.ownedVersion(owner)
  }

  holders(network: NetworkId, ip: number): Endpoint[] {
    return this.#endpoints.holders(network, ip)
  }

  duplicates(network: NetworkId): number[] {
    return this.#endpoints.duplicates(network)
  }

  wasEndpoint(network: NetworkId, ip: number): boolean {
    return this.#endpoints.wasEndpoint(network, ip)
  }

  vteps(network: NetworkId): Vtep[] {
    return this.#endpoints.vteps(network)
  }

  vtepsVersion(network: NetworkId): number {
    return this.#endpoints.vtepsVersion(network)
  }

  vnisVersion(): number {
    return this.#endpoints.vnisVersion()
  }

  vnisOf(owner: PeerKey): Map<number, NetworkId> {
    return this.#endpoints.vnisOf(owner)
  }

  freeHint(network: NetworkId, owner: PeerKey): number | undefined {
    return this.#endpoints.freeHint(network, owner)
  }

  blockCount(id: NetworkId): number {
    return this.#custody.blockCount(id)
  }

  blockRange(id: NetworkId, index: number): { first: number; last: number } {
    return this.#custody.blockRange(id, index)
  }

  blockOf(id: NetworkId, ip: number): number | undefined {
    return this.#custody.blockOf(id, ip)
  }

  block(id: NetworkId, index: number): Block | undefined {
    return this.#custody.block(id, index)
  }

  transfers(id: NetworkId, index: number): readonly Transfer[] {
    return this.#custody.transfers(id, index)
  }

  address(id: NetworkId, ip: number): CarvedAddress | undefined {
    return this.#custody.address(id, ip)
  }

  addressTransfers(id: NetworkId, ip: number): readonly Step[] {
    return this.#custody.addressTransfers(id, ip)
  }

  carved(id: NetworkId): number[] {
    return this.#custody.carved(id)
  }

  custodyVersion(id: NetworkId): number {
    return this.#custody.custodyVersion(id)
  }

  reservedBy(id: NetworkId, ip: number): PeerKey | undefined {
    return this.#custody.reservedBy(id, ip)
  }

  reserved(id: NetworkId): number[] {
    return this.#custody.reserved(id)
  }

  touchedBlocks(id: NetworkId): readonly number[] {
    return this.#custody.touchedBlocks(id)
  }

  dealOrder(id: NetworkId): readonly PeerKey[] {
    return this.#custody.dealOrder(id)
  }
}

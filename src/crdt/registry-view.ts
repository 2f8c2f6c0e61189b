/**
 * What everybody reads: the replicated state as objects. Every method is a pure function of the records received so
 * far; two peers with the same records give the same answers. `Registry` implements it.
 */
import type { PeerKey } from '../lib/keys.ts'
import type { Condition } from './condition.ts'
import type { CustodyView } from './custody-view.ts'
import type { EndpointsView } from './endpoints-view.ts'
import type { Hlc } from './hlc.ts'
import type { MembersView } from './members-view.ts'
import type { NetworksView } from './networks-view.ts'
import type { ObjectsView } from './objects-view.ts'

export type { Condition } from './condition.ts'
export type { Block, CarvedAddress } from './custody-view.ts'
export type { Endpoint, Vtep } from './endpoints-view.ts'
export type { Member, Removal } from './members-view.ts'
export type { Drain, Network, NetworkDocker } from './networks-view.ts'

export interface RegistryView extends MembersView, NetworksView, EndpointsView, CustodyView {
  readonly meshId: string
  /** Groups, policies, rules, profiles, settings. */
  readonly objects: ObjectsView
  /** True if two histories of this writer are known (R8): what it owns is quarantined, and nobody gives it anything. */
  isForked(key: PeerKey): boolean
  /** Forked or succeeded: it gets no addresses, and nobody uses its. */
  isFenced(key: PeerKey): boolean
  conditions(): Condition[]
  /** HLC of the member's newest record; undefined if none is held. */
  lastWrite(writer: PeerKey): Hlc | undefined
  /** True if a roster or list of this hash is held. */
  hasContent(hash: string): boolean
  /** Last counter that is held of a writer, whatever takes effect; 0 for none. */
  held(writer: PeerKey): number
  /** Number of live records, for `status`. */
  size(): number
  /** SHA-256 over the live records, hex: equal on peers that received the same set. */
  digest(): string
}

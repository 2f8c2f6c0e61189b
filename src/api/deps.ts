/** What the API needs of the other parts; the agent hands it in. */

import type { Ipam } from '../ipam/ipam.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Replica } from '../replica/replica.ts'

/** Admission of hosts, as the API sees it. */
export interface AdmissionPort {
  /** Makes an invitation, durably; resolves with its token. */
  invite(ttlMs: number, uses: number): Promise<string>
  /** Joins the mesh that issued the token. Throws `conflict` when this peer already holds a user's object, `forbidden` or `unreachable` with the issuer's reason. */
  join(token: string): Promise<void>
  /** Leaves the mesh for a new one of its own. Throws `conflict` while containers are on Skein's networks, else why not yet. */
  leave(): Promise<void>
  /** Comes back under a new key in the place of the old one. Throws `conflict` when it need not, `forbidden` when it must not. */
  rejoin(): Promise<void>
}

/** Requests between the APIs of members, as bytes. */
export interface RelayPort {
  /** Asks a member's API; rejects with the reason when it is not reached or does not answer within `timeoutMs`. */
  ask(to: PeerKey, request: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /** Installs what answers the members that ask here. */
  handle(answer: (from: PeerKey, request: Uint8Array) => Promise<Uint8Array>): void
}

export interface HostStatus {
  /** `error` is one line, '' while reachable. */
  docker: { reachable: boolean; error: string }
  datapath: {
    /** What the comparisons with the kernel found and put right since the start, and what they could not. */
    repaired: number
    errors: readonly string[]
    /** Members that do not answer VXLAN frames; `sinceMs` is wall clock. */
    unreachable: readonly { member: PeerKey; sinceMs: number }[]
    /** Whether docker_gwbridge has IPv6; undefined while Docker has not made it. */
    outsideHas6?: boolean | undefined
  }
  /** Standing problems of this host alone; `sinceMs` is wall clock. */
  conditions: readonly { text: string; remedy: string; kind?: string; sinceMs?: number }[]
}

/** Removal of hosts, as the API sees it; each throws the reason for a refusal. */
export interface RemovalPort {
  start(targets: readonly PeerKey[], assertion: 0 | 1 | 2, claim: 'off' | 'lost'): Promise<void>
  assertDown(targets: readonly PeerKey[], claim: 'off' | 'lost'): Promise<void>
  cancel(targets: readonly PeerKey[]): Promise<void>
}

export interface ApiDeps {
  replica: Replica
  ipam: Pick<Ipam, 'held' | 'usage' | 'reserve' | 'unreserve' | 'drain'>
  admission: AdmissionPort
  removal: RemovalPort
  relay: RelayPort
  version: { version: string; gitCommit: string; buildTime: string }
  hostStatus(): HostStatus
  /** What the rules of a tenant counted on this host, by `counterName`; rejects with what keeps them from being read. */
  ruleCounters(tenant: string): Promise<ReadonlyMap<string, { readonly packets: number; readonly bytes: number }>>
  /** Members that a connection stands to now. */
  connected(): readonly PeerKey[]
  /** A member's name to show; for an unknown key something short and recognisable. */
  nameOf(key: PeerKey): string
}

/** The kernel of this host, made to agree with the replicated state. (Interface; `create.ts` builds it.) */
import type { PeerKey } from '../lib/keys.ts'
import type { NetworkId } from '../model/network.ts'
import type { Counted } from '../policy/index.ts'
import type { Place } from './container-routes.ts'

export interface Attachment {
  network: NetworkId
  /** Docker's endpoint id. */
  endpointId: string
  ip: number
  mac: string
  /** Path of the container's network namespace, as Docker calls it; it need not be there yet. */
  sandbox: string
}

/** A member from whom no answer to VXLAN frames comes: what it receives or what it sends is lost. */
export interface Unreachable {
  member: PeerKey
  /** Wall clock of the first probe in a row without an answer, ms. */
  sinceMs: number
}

export interface Datapath {
  /**
   * Makes the tenant's namespace, the network's bridge and VXLAN device if they are missing, and publishes this host's
   * VTEP of the network with the VNI that the kernel accepted (durable). Idempotent. Resolves with the VNI. A VLAN
   * network has a VLAN device in place of both, where the uplink allows it; then it resolves with the tag all the same.
   */
  ensureNetwork(network: NetworkId): Promise<number>
  /** Removes a network's devices: only on the evidence of a deletion. Idempotent. */
  removeNetwork(network: NetworkId): Promise<void>
  /** Makes the container's veth pair, one end on the bridge; resolves with the name of the end that Docker moves, and its MTU. Idempotent. */
  attach(attachment: Attachment): Promise<{ ifName: string; mtu: number }>
  /** True for an endpoint on a network with a gateway whose container's namespace is not known: an earlier run attached it. */
  isLost(network: NetworkId, endpointId: string): boolean
  /** Says where it is: its routes are kept from then on. */
  locate(place: Place): Promise<void>
  /** Removes the pair if it is still there. Idempotent. */
  detach(network: NetworkId, endpointId: string): Promise<void>
  /** Who is behind which address of docker_gwbridge, as Docker says: ids of our endpoints, [] for a container without any. */
  setOutlets(outlets: ReadonlyMap<string, readonly string[]>): void
  /** What the rules of a tenant counted on this host, by `counterName`. Rejects `unavailable` if the kernel does not tell. */
  ruleCounters(tenant: string): Promise<ReadonlyMap<string, Counted>>
  /**
   * What the last full comparison found and put right, who does not answer on the data path, and what of this host
   * needs its operator, for `status`.
   */
  status(): {
    lastCompareMs: number | undefined
    repaired: number
    errors: string[]
    unreachable: Unreachable[]
    /** Whether docker_gwbridge has IPv6; undefined while Docker has not made it. */
    outsideHas6: boolean | undefined
    conditions: { kind: string; text: string; remedy: string }[]
  }
  start(): void
  /** Ends the batch children and timers; leaves the kernel as it is. */
  stop(): Promise<void>
}

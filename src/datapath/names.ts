/**
 * The one place for the names of what Skein makes in the kernel. Everything it makes bears one of these, and it touches
 * nothing that does not. Device names have 15 characters, the kernel's most (IFNAMSIZ - 1).
 */
import { createHash } from 'node:crypto'
import type { NetworkId } from '../model/network.ts'

const namespacePrefix = 'skein-'

/** Name of the nftables tables in the host's namespace (families inet and bridge). */
export const firewallTable = 'skein'

/** The bridge that Docker makes for the way out of containers without a gateway; not ours, but guarded (I4). */
export const gatewayBridge = 'docker_gwbridge'

/** Where the probe's device is. No tenant's namespace has this name: they begin with `skein-`. */
export const probeNamespace = 'skein_probe'
export const probeDevice = 'skp0'

/** MAC of a probe's device, from the VTEP address of its host, so that nobody has to publish it. */
export function probeMac(vtep: number): string {
  const bytes = [vtep >>> 24, (vtep >>> 16) & 255, (vtep >>> 8) & 255, vtep & 255]
  return ['06', '00', ...bytes.map(byte => byte.toString(16).padStart(2, '0'))].join(':')
}

/** The network namespace of a tenant on this host. */
export function tenantNamespace(tenant: string): string {
  return namespacePrefix + tenant
}

/** The inverse of `tenantNamespace`; undefined if the namespace is not one of ours. */
export function tenantOfNamespace(namespace: string): string | undefined {
  return namespace.startsWith(namespacePrefix) ? namespace.slice(namespacePrefix.length) : undefined
}

export function bridgeName(network: NetworkId): string {
  return `skb${network.slice(0, 12)}`
}

export function vxlanName(network: NetworkId): string {
  return `skx${network.slice(0, 12)}`
}

/** The device of a VLAN network on the uplink. */
export function vlanName(network: NetworkId): string {
  return `skl${network.slice(0, 12)}`
}

/** The end of the veth pair that Docker moves into the container. */
export function containerEnd(endpointId: string): string {
  return `skc${hash12(endpointId)}`
}

/** The end of the veth pair that stays on the bridge in the tenant's namespace. */
export function bridgeEnd(endpointId: string): string {
  return `skv${hash12(endpointId)}`
}

/** True for a bridge end, so that removing a network takes only our ports off its bridge. */
export function isBridgeEnd(device: string): boolean {
  return /^skv[0-9a-f]{12}$/.test(device)
}

/** True for any device that Skein makes inside a tenant's namespace. */
export function isOurDevice(device: string): boolean {
  return /^sk[bxlv][0-9a-f]{12}$/.test(device)
}

/**
 * The bridge's own MAC: set, because it would follow the lowest port and change as containers leave. 06 is locally
 * administered and cannot be a container's, which begins with 02:02.
 */
export function bridgeMac(network: NetworkId): string {
  return ['06', ...(network.slice(0, 10).match(/../g) ?? [])].join(':')
}

function hash12(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

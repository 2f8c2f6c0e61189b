/** Creates a network, or finds the equal one. */
import { createNetworkLeaves } from '../crdt/acts.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkNetwork, type NetworkRequest, type NetworkSpec, sameSpec } from '../model/network.ts'
import { overlaps } from '../model/subnet.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, liveNetworks, requireTenant, syncBeforeWriteMs, tenantFlag } from './lookup.ts'

export interface CreatedNetwork {
  network: Network
  /** Undefined if nothing had to be written. */
  dot: Dot | undefined
  existed: boolean
}

/**
 * Learns what the members within reach know, then decides on the newest view, in the write's own turn. Throws
 * `invalid`, `unsupported`, `not-found` (tenant) or `conflict`; then nothing was written.
 */
export async function createNetwork(deps: ApiDeps, request: NetworkRequest): Promise<CreatedNetwork> {
  const spec = checkNetwork(request)
  await deps.replica.syncNow(syncBeforeWriteMs)
  return writeNetwork(deps, request, spec)
}

/** The same for who has checked the request and has heard the members. */
export async function writeNetwork(
  { replica }: ApiDeps,
  { tenant, name }: NetworkRequest,
  spec: NetworkSpec,
): Promise<CreatedNetwork> {
  let existed = false
  const dot = await replica.write(view => {
    existed = findEqual(view, tenant, name, spec)
    return existed ? [] : createNetworkLeaves(view, { tenant, name, spec })
  })
  const network = replica.view.networkByName(tenant, name)
  if (network) return { network, dot, existed }
  throw new SkeinError(
    'conflict',
    `network ${name}${inTenant(tenant)} was deleted meanwhile: see skein net ls${tenantFlag(tenant)}`,
  )
}

/** What the decision rests on. */
export type Known = Pick<RegistryView, 'hasTenant' | 'networkByName' | 'networks'>

/** True if the network is there already; throws when it cannot be made. */
export function findEqual(view: Known, tenant: string, name: string, spec: NetworkSpec): boolean {
  requireTenant(view, tenant)
  const existing = view.networkByName(tenant, name)
  if (existing && sameSpec(existing.spec, spec)) return true
  if (existing) {
    throw new SkeinError(
      'conflict',
      `network ${name}${inTenant(tenant)} exists with other parameters (subnet ${existing.spec.subnet.text}): ` +
        `choose another name, or remove it first with: skein net rm${tenantFlag(tenant)} ${name}`,
    )
  }
  const rival = liveNetworks(view, tenant).find(network => overlaps(network.spec.subnet, spec.subnet))
  if (!rival) return false
  throw new SkeinError(
    'conflict',
    `network ${rival.name} conflicts with subnet ${spec.subnet.text}: it has ${rival.spec.subnet.text}; ` +
      'choose a subnet that overlaps no other of the tenant',
  )
}

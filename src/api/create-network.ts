/** Creates a network, or finds the equal one. */
import { createNetworkLeaves } from '../crdt/acts.ts'
import { checkNetworkSlot, type SlotView } from '../crdt/docker-slots.ts'
import { networkIdOf } from '../crdt/identity.ts'
import { encodeLeaf } from '../crdt/leaf-codec.ts'
import { type Leaf, maxLeafBytes } from '../crdt/leaves.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import {
  checkNetwork,
  collide,
  collide6,
  fulfils,
  type NetworkRequest,
  type NetworkSpec,
  subnetsText,
} from '../model/network.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, liveNetworks, requireTenant, syncBeforeWriteMs, tenantFlag } from './lookup.ts'
import type { DockerJson } from './types.ts'

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
  docker?: DockerJson,
): Promise<CreatedNetwork> {
  let existed = false
  const dot = await replica.write(view => {
    existed = findEqual(view, tenant, name, spec)
    if (existed) return []
    const leaves = createNetworkLeaves(view, { tenant, name, spec })
    return docker ? [...leaves, dockerLeaf(leaves, docker)] : leaves
  })
  const network = replica.view.networkByName(tenant, name)
  if (network) return { network, dot, existed }
  throw new SkeinError(
    'conflict',
    `network ${name}${inTenant(tenant)} was deleted meanwhile: see skein net ls${tenantFlag(tenant)}`,
  )
}

/** The record beside the act, as if the network had been born in this host's Docker. */
function dockerLeaf(leaves: readonly Leaf[], { labels, options, internal }: DockerJson): Leaf {
  const act = leaves.find(leaf => leaf.kind === 'network')
  if (!act) throw new Error('a creation without an act')
  const pairs = (texts: Record<string, string>) => Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1))
  const network = networkIdOf(act)
  const leaf: Leaf = { kind: 'network-docker', network, labels: pairs(labels), options: pairs(options), internal }
  if (encodeLeaf(leaf).length <= maxLeafBytes) return leaf
  throw new SkeinError('invalid', `its labels and options take over ${maxLeafBytes / 1024} KiB: use fewer`)
}

/** What the decision rests on. */
export type Known = Pick<RegistryView, 'hasTenant' | 'networkByName' | 'networks'> & SlotView

/** True if the network is there already; throws when it cannot be made. */
export function findEqual(view: Known, tenant: string, name: string, spec: NetworkSpec): boolean {
  requireTenant(view, tenant)
  const existing = view.networkByName(tenant, name)
  if (existing && fulfils(existing.spec, spec)) return true
  if (existing) {
    throw new SkeinError(
      'conflict',
      `network ${name}${inTenant(tenant)} exists with other parameters (subnet ${subnetsText(existing.spec)}): ` +
        `choose another name, or remove it first with: skein net rm${tenantFlag(tenant)} ${name}`,
    )
  }
  checkNetworkSlot(view, tenant, name)
  const rival = liveNetworks(view, tenant).find(network => collide(network.spec, spec))
  if (!rival) return false
  const [what, own, others] = collide6(rival.spec, spec)
    ? ['subnetv6', spec.subnet6, rival.spec.subnet6]
    : ['subnet', spec.subnet.text, rival.spec.subnet.text]
  throw new SkeinError(
    'conflict',
    `network ${rival.name} conflicts with ${what} ${own}: it has ${others}; ` +
      `choose a ${what} that overlaps no other of the tenant`,
  )
}

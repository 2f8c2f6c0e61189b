/** Makes or takes over the VXLAN device of one network, and finds the VNI that the kernel accepts for it. */
import type { Network } from '../crdt/registry-view.ts'
import { batch, failed } from './channel.ts'
import type { Context } from './context.ts'
import { type DeviceWishes, isUsableVxlan, vxlanCreation } from './devices.ts'
import type { Link } from './links.ts'
import { tenantNamespace, vxlanName } from './names.ts'
import { takenVnis, vniCandidates } from './vni.ts'

export interface VxlanDevice {
  readonly vni: number
  /** False if an earlier run's device was kept, with its entries. */
  readonly created: boolean
}

/** Leaves the device in the tenant's namespace, not yet on the bridge if it is new. Throws `unavailable` if no VNI is free. */
export async function ensureVxlan(
  context: Context,
  network: Network,
  wishes: DeviceWishes,
  link: Link | undefined,
): Promise<VxlanDevice> {
  const { replica, vtepAddress } = context
  const own = replica.view.vteps(network.id).filter(vtep => vtep.owner === replica.self)
  // another machine with this key may have chosen another (R8)
  const recorded = (own.find(vtep => vtep.address === vtepAddress) ?? own[0])?.vni
  const existing = link && isUsableVxlan(link, wishes) && typeof link.info.id === 'number' ? link.info.id : undefined
  const taken = takenVnis(replica.view, replica.self, vtepAddress)
  const candidates = vniCandidates(network.id, { recorded, existing, pktTag: network.spec.pktTag }, taken)
  if (existing !== undefined && candidates[0] === existing) return { vni: existing, created: false }
  const name = vxlanName(network.id)
  if (link) await batch(context, [{ line: `link del ${name}` }], tenantNamespace(network.tenant))
  // one that an earlier run made but did not move yet
  await context.run('ip', ['link', 'del', name])
  for (const vni of candidates) {
    const failure = await batch(context, vxlanCreation(wishes, vni))
    if (failure === '') return { vni, created: true }
    if (!failure.includes('specified VNI already exists')) throw failed(network, failure)
    context.log.info({ network: network.id, vni }, 'VNI is taken on this host, trying the next')
  }
  throw failed(network, `all of ${candidates.length} VNIs are taken on UDP port ${context.vxlanPort}`)
}

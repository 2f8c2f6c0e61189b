/** Networks and groups share Docker's names: the group `db` on `web` is called `db.web` there, and so may a network be. */
import { SkeinError } from '../lib/errors.ts'
import { defaultTenant, groupNetworkName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'

/** The part of the view that this reads. */
export interface SlotView {
  networkByName(tenant: string, name: string): { readonly id: NetworkId } | undefined
  readonly objects: { groupByName(tenant: string, name: string): { readonly network: NetworkId } | undefined }
}

/** Throws `conflict` if a group of the tenant bears the name of this network in Docker. */
export function checkNetworkSlot(view: SlotView, tenant: string, name: string): void {
  const rival = groupCalled(view, tenant, name)
  if (rival === undefined) return
  throw new SkeinError(
    'conflict',
    `Network ${name} conflicts with the endpointGroup name: group ${rival}${inTenant(tenant)} is called so in Docker; choose another name`,
  )
}

/** Throws `conflict` if a network, or another group, of the tenant bears the name of this group in Docker. */
export function checkGroupSlot(view: SlotView, tenant: string, group: string, network: string): void {
  const full = groupNetworkName(group, network)
  const rival = groupCalled(view, tenant, full)
  if (rival === group || (rival === undefined && !view.networkByName(tenant, full))) return
  const holder = rival === undefined ? `network ${full}` : `group ${rival}`
  throw new SkeinError(
    'conflict',
    `EndpointGroup ${group} conflicts with the network name: ${holder}${inTenant(tenant)} is called ${full} in Docker; choose another name`,
  )
}

/** The group whose name and network make up this one. */
function groupCalled(view: SlotView, tenant: string, full: string): string | undefined {
  for (let dot = full.indexOf('.'); dot >= 0; dot = full.indexOf('.', dot + 1)) {
    const name = full.slice(0, dot)
    const network = view.networkByName(tenant, full.slice(dot + 1))
    if (network && view.objects.groupByName(tenant, name)?.network === network.id) return name
  }
  return undefined
}

function inTenant(tenant: string): string {
  return tenant === defaultTenant ? '' : ` in tenant ${tenant}`
}

/** Endpoints over the networks and members of a mesh, as the plugin writes them. */
import type { Batch } from '../../src/crdt/batch.ts'
import type { CompactUnit } from '../../src/crdt/compact-unit.ts'
import type { EndpointLeaf } from '../../src/crdt/leaves.ts'
import { macOf } from '../../src/model/ip.ts'
import { endpointNumber } from '../lib/endpoints.ts'
import type { Chain, MeshRecords } from './mesh-records.ts'

/** The `number`-th endpoint: dealt to the networks in turn, each network's ascending from its first address. */
export function endpointLeafAt({ networks, firstAddress }: MeshRecords, number: number): EndpointLeaf {
  const at = number % networks.length
  const ip = (firstAddress[at] as number) + 16 + Math.floor(number / networks.length)
  const aliases = [`service-${number}`.slice(0, 12), endpointId(number).slice(0, 12)]
  return { ...endpointNumber(networks[at] as string, 0, number), ip, mac: macOf(ip), aliases }
}

/** Writes the endpoints `from` to `to` - 1: each member an equal share of them, in batches of `together`. */
export function writeEndpoints(mesh: MeshRecords, from: number, to: number, together: number): Batch[] {
  const share = Math.ceil((to - from) / mesh.chains.length)
  return mesh.chains.flatMap((chain: Chain, member) => {
    const begin = from + member * share
    const count = Math.max(0, Math.min(share, to - begin))
    const leaves = Array.from({ length: count }, (_, at) => endpointLeafAt(mesh, begin + at))
    return chain.writeAll(leaves, together)
  })
}

function endpointId(number: number): string {
  return number.toString(16).padStart(12, '0')
}

/** Writes so many endpoints that stay, one in a batch, as containers that are started one by one; one in sixteen is gone, and its writer has let go of it. */
export function writeCheckpointed(mesh: MeshRecords, count: number): CompactUnit[] {
  const before = mesh.chains.map(({ batches }) => batches.length)
  writeEndpoints(mesh, 0, Math.ceil((count * 16) / 15), 1)
  return mesh.chains.flatMap((chain, member) => chain.compact(before[member] as number))
}

/** At rest whatever a network shows belongs to a member: of a host that is gone nothing is shown, and of one that was never let in neither (R9). */
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { formatIp } from '../../../src/model/ip.ts'
import type { NetworkId } from '../../../src/model/network.ts'

/** The first endpoint or VTEP of nobody; undefined if there is none. */
export function ownerless(view: RegistryView, networks: Iterable<NetworkId>): string | undefined {
  for (const network of networks) {
    const ofNobody = ({ owner }: { owner: string }) => !view.member(owner)
    const endpoint = view.endpoints(network).find(ofNobody)
    const vtep = view.vteps(network).find(ofNobody)
    const what = endpoint ? `endpoint ${endpoint.id} with ${formatIp(endpoint.ip)}` : vtep && `VTEP ${vtep.address}`
    const owner = (endpoint ?? vtep)?.owner ?? ''
    if (what) return `${what} of network ${network.slice(0, 6)} belongs to ${owner.slice(0, 8)}, which is no member`
  }
  return undefined
}

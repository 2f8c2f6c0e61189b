/** Pure: by which address rules know a container where it meets the outside, over docker_gwbridge. */
import { type Address, type Family, parseAddress } from '../model/address-match.ts'
import { type Addressing6, address6 } from '../model/ipv6.ts'

/** `::`, which no container has (RFC 4291, 2.5.2): of one whose network has no IPv6. Rules that name no address of its hold for it all the same. */
export const noAddress6 = 0n

/** That of its network, of the family by which it is met. @param ip its IPv4 address there */
export function ownAddress(spec: Addressing6, ip: number, family: Family): Address {
  return family === 4 ? ip : (parseAddress(address6(spec, ip) ?? '') ?? noAddress6)
}

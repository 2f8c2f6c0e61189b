/** Networks with a gateway: which of a tenant are routed to each other, on every host alike. */
import { gateway6Of, gatewayOf } from '../model/gateway.ts'
import { type Subnet6, subnet6Of } from '../model/ipv6.ts'
import type { Subnet } from '../model/subnet.ts'
import { compareHlc } from './hlc.ts'
import type { Network } from './registry-view.ts'

type Claimant = Pick<Network, 'id' | 'spec' | 'created'>

/**
 * Of the networks of one tenant, those that are routed: all with a gateway but those whose prefix, of either family, overlaps
 * that of an older one (two sides of a split made them). The oldest first; also such that are deleted and still in use.
 */
export function routedNetworks<N extends Claimant>(networks: readonly N[]): N[] {
  const taken = new Set<string>()
  const around = new Set<string>()
  return networks
    .filter(({ spec }) => gatewayOf(spec) !== undefined)
    .sort((a, b) => compareHlc(a.created, b.created) || (a.id < b.id ? -1 : 1))
    .filter(({ spec }) => {
      const prefix6 = gateway6Of(spec) === undefined ? undefined : subnet6Of(spec)
      const families = [prefixesAround(spec.subnet), ...(prefix6 ? [prefixesAround6(prefix6)] : [])]
      const isFree = families.every(prefixes => {
        return !around.has(prefixes[0] as string) && !prefixes.some(prefix => taken.has(prefix))
      })
      if (isFree) {
        for (const prefixes of families) {
          taken.add(prefixes[0] as string)
          for (const prefix of prefixes) around.add(prefix)
        }
      }
      return isFree
    })
}

/** The prefix itself and every one that holds it. */
function prefixesAround({ base, length }: Subnet): string[] {
  return Array.from({ length: length + 1 }, (_, less) => {
    const size = 2 ** (32 - length + less)
    return `${Math.floor(base / size)}/${length - less}`
  })
}

function prefixesAround6({ base, length }: Subnet6): string[] {
  return Array.from({ length: length + 1 }, (_, less) => `6 ${base >> BigInt(128 - length + less)}/${length - less}`)
}

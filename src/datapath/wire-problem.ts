/** Pure: why a VLAN network does not reach its wire on this host, in words. */

import type { Network } from '../crdt/registry-view.ts'
import { type ErrorCode, SkeinError } from '../lib/errors.ts'

export interface WireProblem {
  readonly code: ErrorCode
  readonly cause: string
  readonly remedy: string
  /** True where nothing is wrong as long as no container here needs the wire. */
  readonly isQuiet: boolean
}

/** A host condition, in the form of `Datapath.status`. */
export interface WireCondition {
  readonly kind: string
  readonly text: string
  readonly remedy: string
}

export const noUplink: WireProblem = {
  code: 'unavailable',
  cause: 'this host has no VLAN uplink',
  remedy: 'start skeind with --vlan-uplink NAME (SKEIN_VLAN_UPLINK), the interface that carries the VLANs',
  isQuiet: true,
}

export function missingUplink(uplink: string): WireProblem {
  return {
    code: 'unavailable',
    cause: `VLAN uplink ${uplink} is not there`,
    remedy: 'see: ip link; if it has another name now, start skeind with --vlan-uplink NAME',
    isQuiet: false,
  }
}

export function downUplink(uplink: string): WireProblem {
  return {
    code: 'unavailable',
    cause: `VLAN uplink ${uplink} is down`,
    remedy: `run: ip link set ${uplink} up`,
    isQuiet: false,
  }
}

/** What a record says that no frame can. */
export function badTag(tag: number): WireProblem {
  return {
    code: 'unsupported',
    cause: `${tag} is no VLAN id`,
    remedy: 'create the network anew with --pkt-tag 1 to 4094',
    isQuiet: true,
  }
}

/** From the text of `ip link add … type vlan`. */
export function creationProblem(failure: string, tag: number, uplink: string): WireProblem {
  if (/Unknown device type|Operation not supported/.test(failure)) {
    return {
      code: 'unsupported',
      cause: "this host's kernel has no 802.1Q VLAN devices",
      remedy: 'load them with: modprobe 8021q, or start a kernel that has this module',
      isQuiet: false,
    }
  }
  if (isTaken(failure)) {
    return {
      code: 'unavailable',
      cause: `another device has VLAN ${tag} on ${uplink}`,
      remedy: `find it with: ip -d link show type vlan, and remove it with: ip link del NAME`,
      isQuiet: false,
    }
  }
  return {
    code: 'unavailable',
    cause: `VLAN ${tag} on ${uplink}: ${failure}`,
    remedy: 'run: ip -d link',
    isQuiet: false,
  }
}

export function isTaken(failure: string): boolean {
  return /already exists|File exists/.test(failure)
}

/** What who starts a container is told. */
export function wireError({ name, spec }: Pick<Network, 'name' | 'spec'>, problem: WireProblem): SkeinError {
  const { code, cause, remedy } = problem
  return new SkeinError(code, `network ${name} does not reach VLAN ${spec.pktTag} from this host: ${cause}; ${remedy}`)
}

/** A network here with its problem; `isUsed`: a container of this host is on it. */
export interface OffWire {
  readonly name: string
  readonly isUsed: boolean
  readonly problem: WireProblem
}

/** So many networks are named; the rest is counted. */
const namedNetworks = 5

/** One condition per cause, whatever the number of networks. */
export function wireConditions(networks: readonly OffWire[]): WireCondition[] {
  const byCause = new Map<string, OffWire[]>()
  for (const each of networks) {
    if (each.problem.isQuiet && !each.isUsed) continue
    byCause.set(each.problem.cause, [...(byCause.get(each.problem.cause) ?? []), each])
  }
  return [...byCause.values()].map(group => {
    const { cause, remedy } = (group[0] as OffWire).problem
    const names = group.map(each => each.name).sort()
    const named = names.slice(0, namedNetworks).join(', ')
    const more = names.length > namedNetworks ? ` and ${names.length - namedNetworks} more` : ''
    const which = names.length === 1 ? `VLAN network ${named} is` : `VLAN networks ${named}${more} are`
    return { kind: 'vlan-uplink', text: `${which} cut off from the other hosts: ${cause}`, remedy }
  })
}

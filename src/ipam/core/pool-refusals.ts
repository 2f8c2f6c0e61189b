/** What users read when a group has no address for them. */
import type { Group } from '../../crdt/objects-view.ts'
import type { Network } from '../../crdt/registry-view.ts'
import { SkeinError } from '../../lib/errors.ts'
import { formatIp } from '../../model/ip.ts'
import { labelOf, type Range } from './geometry.ts'
import type { Viewpoint } from './refusals.ts'

/** `exhausted`: addresses of a group's pool come one by one, from whoever owns them. */
export function poolExhausted(at: Viewpoint, network: Network, { first, last }: Range): SkeinError {
  const pool = `${formatIp(first)}-${formatIp(last)}`
  return new SkeinError(
    'exhausted',
    `no free address in pool ${pool} of ${labelOf(network)} on ${at.nameOf(at.self)}: all are in use, or their owners are out ` +
      'of reach or freed them lately; remove a container of the group, or see skein ip ls',
  )
}

/** `conflict`: another group's container, or a host that was removed, had it so lately that it may not move yet (R7). */
export function coolingHere(at: Viewpoint, network: Network, waitMs: number): SkeinError {
  const what = `what is free of ${labelOf(network)} on ${at.nameOf(at.self)} was another group's or host's lately`
  return new SkeinError('conflict', `${what}: try again in ${Math.ceil(waitMs / 1000)} s`)
}

/** `invalid` or `conflict`: an address that is not for this group, or for containers without one. */
export function outsidePool(
  network: Network,
  ip: number,
  own: Group | undefined,
  holder: Group | undefined,
): SkeinError {
  const address = `${formatIp(ip)} of ${labelOf(network)}`
  if (own && own.pool !== '') {
    return new SkeinError('invalid', `${address} is not in the pool of group ${own.name}: choose one from ${own.pool}`)
  }
  const other = holder ? `group ${holder.name} (${holder.pool})` : 'another group'
  return new SkeinError(
    'conflict',
    `${address} is kept for ${other}: choose another address, or run the container there`,
  )
}

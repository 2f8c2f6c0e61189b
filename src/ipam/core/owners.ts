/** Whom to ask for addresses, best first. */
import type { Network, RegistryView } from '../../crdt/registry-view.ts'
import type { PeerKey } from '../../lib/keys.ts'
import { usageOf } from './usage.ts'

/**
 * Connected settled members that may have addresses to give: by their published hint, the most first, then those that
 * published none, whose share of the genesis is untouched. Who published that it has none, or had no share, is left out.
 * Equals are shuffled by `random` (0 to 1), lest all hosts ask the same one.
 */
export function ownersToAsk(
  view: RegistryView,
  network: Network,
  self: PeerKey,
  connected: readonly PeerKey[],
  random: () => number,
): PeerKey[] {
  const owners = new Set(network.roster.map(key => view.successor(key).owner))
  // also who received blocks and published nothing: the answer that brought them may have got lost
  for (const index of view.touchedBlocks(network.id)) owners.add(view.block(network.id, index)?.owner ?? self)
  return connected
    .filter(key => key !== self && view.member(key)?.settled)
    .map(key => ({ key, hint: view.freeHint(network.id, key) ?? (owners.has(key) ? -0.5 : -1), tie: random() }))
    .filter(({ hint }) => hint > -1)
    .sort((a, b) => b.hint - a.hint || a.tie - b.tie)
    .map(({ key }) => key)
}

/**
 * Whom to ask when all that `ownersToAsk` names have nothing to spare: these again, then whoever else owns addresses that no
 * endpoint holds. Hints are late at times, and this is the last resort.
 */
export function ownersLeft(
  view: RegistryView,
  network: Network,
  self: PeerKey,
  connected: readonly PeerKey[],
  asked: readonly PeerKey[],
): PeerKey[] {
  const others = usageOf(view, network)
    .filter(
      ({ owner, addresses, used, reserved }) =>
        addresses > used + reserved && owner !== self && connected.includes(owner),
    )
    .map(({ owner }) => owner)
  return [...new Set([...asked, ...others])]
}

/** Floor of the base-2 logarithm of the free addresses; -1 for none: the hint to publish. */
export function hintOf(free: number): number {
  return free > 0 ? Math.floor(Math.log2(free)) : -1
}

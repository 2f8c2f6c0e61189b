/** Waiting until own durable state shows what an owner gave (R3). */
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Replica } from '../replica/replica.ts'

/** A transfer reaches us with the owner's broadcast, as a rule within milliseconds; after this we fetch it. */
const broadcastLimitMs = 250
const fetchLimitMs = 2000

/** True once `isHere` holds; false when it does not after `leftMs()`, which says how much time is left, ms. */
export async function arrived(
  replica: Replica,
  isHere: (view: RegistryView) => boolean,
  leftMs: () => number,
): Promise<boolean> {
  const within = (limitMs: number) =>
    replica.waitFor(isHere, limitMs).then(
      () => true,
      () => false, // not yet: what follows decides what then
    )
  if (isHere(replica.view) || (await within(Math.min(broadcastLimitMs, leftMs())))) return true
  await replica.syncNow(Math.min(fetchLimitMs, leftMs()))
  return isHere(replica.view) || within(leftMs())
}

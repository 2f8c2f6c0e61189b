/** Leaving the mesh: what a host does before it asks the members to take it out (src/replica/leaving.ts). */
import { SkeinError } from '../lib/errors.ts'
import type { Parts } from './parts.ts'

/** Handing addresses over may take so long, below the 25 s of the API; the rest goes to the member that starts the removal, ms. */
const drainLimitMs = 5_000

/** Resolves when this peer is no member any more. Throws while containers are on its networks; what it says then can be done again. */
export async function leaveMesh(parts: Pick<Parts, 'replica' | 'ipam' | 'leaving'>): Promise<void> {
  const { replica, ipam, leaving } = parts
  refuseWhileInUse(parts)
  if (!replica.removedBy) await ipam.drain(drainLimitMs)
  // a container may have started meanwhile; from the next line on none does, for this peer is fenced at once
  refuseWhileInUse(parts)
  await leaving.leave()
}

/** Throws the reason why this peer may not leave its mesh. */
function refuseWhileInUse({ replica, ipam }: Pick<Parts, 'replica' | 'ipam'>): void {
  const { view, self } = replica
  if (!view.members().some(member => member.key !== self)) {
    throw new SkeinError('conflict', 'this peer is alone in its mesh: there is nothing to leave')
  }
  const own = view.endpointsOf(self)
  const isHeld = view.networks().some(({ id }) => ipam.held(id).length > 0)
  if (own.length === 0 && !isHeld) return
  const names = own.slice(0, 5).map(({ containerName, id }) => containerName || id.slice(0, 12))
  const which = names.length > 0 ? ` (${names.join(', ')}${own.length > 5 ? ', …' : ''})` : ''
  throw new SkeinError(
    'conflict',
    `containers of this host are on Skein's networks${which}: stop or disconnect them, see skein ps, then leave again`,
  )
}

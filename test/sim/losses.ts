/** What operators do about hosts that burnt down, when the others are no majority without them. */
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { insiders } from './checks/insiders.ts'
import type { World } from './world.ts'

/**
 * Newcomers that wait for hosts which are lost may wait for ever: no protocol decides without a majority (R9). So an operator removes
 * the lost hosts, and spells out that nobody is alive who joined through them unseen, as the refusal says. Where a majority is
 * left nobody does: then newcomers have to settle by themselves.
 */
export async function removeTheLost(world: World): Promise<void> {
  for (const { name, ready, peer } of insiders(world)) {
    if (!ready || !peer || peer.replica.fenced) continue
    const members = peer.replica.view.members()
    const gone = new Set(world.hosts.filter(host => host.gone).map(({ signer }) => signer.key))
    const lost = members.filter(({ key }) => gone.has(key))
    const isWaitedFor = members.some(({ waitingFor }) => waitingFor.some(key => gone.has(key)))
    const settled = members.filter(member => member.settled)
    const lostSettled = lost.filter(member => member.settled)
    // a newcomer is none of those who count for it
    const isHalf = settled.length - lostSettled.length <= lost.length
    if (!isWaitedFor || !isHalf) continue
    world.count('lost hosts removed at rest')
    world.history.note(`${name} removes ${lost.map(each => each.name).join(', ')}, for whom newcomers wait`)
    const keys = lost.map(({ key }) => key)
    await peer.removal.start(keys, 2).catch((error: unknown) => {
      if (!(error instanceof SkeinError)) throw error
      world.history.note(`${name} could not: ${errorText(error)}`)
    })
    return
  }
}

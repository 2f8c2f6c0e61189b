/**
 * Leaving the mesh: a host hands its addresses over (ipam), fences itself, and has a member remove it. The member may say that it
 * is down, since it writes nothing any more, and has all that it ever wrote.
 */
import { formerArgument } from '../crdt/condition-text.ts'
import type { Member, RegistryView } from '../crdt/registry-view.ts'
import { isOpen } from '../crdt/removal-readings.ts'
import type { Vector } from '../crdt/vector.ts'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Mesh } from '../mesh/transport.ts'
import { decodeLeave, encodeLeave, leaveAnswer, leaveProtocol } from './leave-messages.ts'
import type { RemovalService } from './removal.ts'
import type { Replica } from './replica.ts'

/** Of the member: it synchronises with the leaver first, ms. */
const catchUpLimitMs = 2000
const requestLimitMs = 5000
/** Until all have acknowledged the removal, ms. */
const endLimitMs = 15_000

export interface LeavingDeps {
  replica: Replica
  mesh: Pick<Mesh, 'connected' | 'request' | 'handle'>
  removal: Pick<RemovalService, 'startLeave'>
  clock: Clock
  log: Logger
}

export interface LeavingService {
  /**
   * Fences this peer, durably, and resolves when it is no member any more. Throws `conflict` while a removal that it started is
   * undecided, `unavailable` when no member takes the request,
   * `timeout` after 15 s; then it stays fenced, and may be called again.
   */
  leave(): Promise<void>
}

/** Of whoever is or was a member, up to its cut; what copies of a key wrote cannot be told by a counter. */
function holdsAll(view: RegistryView, vector: Vector): boolean {
  const gone = view.removals().filter(({ outcome }) => outcome === 'effective')
  const cuts = new Map(
    gone.flatMap(({ targets, cut = [] }) => targets.map(({ key }, i) => [key, cut[i] ?? 0] as const)),
  )
  const isHeld = (writer: PeerKey, counter: number) =>
    view.held(writer) >= Math.min(counter, cuts.get(writer) ?? counter)
  return [...vector].every(([writer, heads]) => {
    return !view.everMember(writer) || view.isForked(writer) || heads.every(({ counter }) => isHeld(writer, counter))
  })
}

export function createLeavingService(deps: LeavingDeps): LeavingService {
  const { replica, mesh, removal, clock, log } = deps

  /** Who is being synchronised with for this, and what it has shown since. */
  const shown = new Map<PeerKey, Vector | undefined>()
  replica.onShown((peer, vector) => {
    if (shown.has(peer)) shown.set(peer, vector)
  })

  mesh.handle(leaveProtocol, async (from, request) => {
    const counter = decodeLeave(request)
    const askedMs = clock.now()
    // all that it holds, of others too: of a host that left before it may be the last that does
    shown.set(from, undefined)
    await replica.syncNow(catchUpLimitMs)
    const held = shown.get(from)
    shown.delete(from)
    const { lastSyncMs = -Infinity } = replica.syncStatus().find(({ peer }) => peer === from) ?? {}
    const isWhole = held !== undefined && lastSyncMs >= askedMs && holdsAll(replica.view, held)
    if (!isWhole || replica.view.held(from) < counter) {
      throw new SkeinError('unavailable', 'it does not hold yet all that this host does')
    }
    await removal.startLeave(from)
    log.info({ peer: from }, 'a member leaves: its removal is started')
    return leaveAnswer
  })

  async function ask(members: readonly Member[], counter: number): Promise<void> {
    let reason = 'none is within reach'
    for (const { key, name } of members) {
      try {
        await mesh.request(key, leaveProtocol, encodeLeave(counter), requestLimitMs)
        return
      } catch (error) {
        reason = `${name}: ${errorText(error)}`
      }
    }
    throw new SkeinError('unavailable', `no member starts the removal of this host (${reason}): try again`)
  }

  async function untilGone(): Promise<void> {
    const isGone = () => replica.removedBy !== undefined && !replica.removedBy.isLeaving
    let end = () => {}
    const gone = new Promise<void>(resolve => {
      end = replica.onChange(() => isGone() && resolve())
      if (isGone()) resolve()
    })
    const late = () => {
      const pending = replica.view.removals().find(removal => isOpen(removal) && isOwn(removal.targets))
      const names = pending?.waitingFor.map(nameOf).join(', ')
      const text = `not all members have acknowledged within ${endLimitMs / 1000} s that this host leaves`
      return new SkeinError('timeout', `${text}${names ? ` (${names})` : ''}: run skein peer leave again`)
    }
    try {
      await withDeadline(clock, gone, endLimitMs, late)
    } finally {
      end()
    }
  }

  /** A fenced host declares nothing: its own removal would stay undecided, and bind those who acknowledged it. */
  function refuseWithOpenRemoval(): void {
    const { view, self } = replica
    const own = view.removals().find(({ outcome, starter, end }) => outcome === 'undecided' && starter === self && !end)
    if (!own) return
    const names = own.targets.map(({ key }) => nameOf(key)).join(', ')
    const typed = own.targets.map(({ key }) => formerArgument(view, key)).join(' ')
    const text = `the removal of ${names}, started on this host, is not decided yet`
    throw new SkeinError('conflict', `${text}: run skein peer leave again, or skein peer rm --cancel ${typed}`)
  }

  const isOwn = (targets: readonly { key: PeerKey }[]) => targets.some(({ key }) => key === replica.self)
  const nameOf = (key: PeerKey) => replica.view.everMember(key)?.name ?? key.slice(0, 12)

  return {
    async leave() {
      const { view, self } = replica
      const cut = view.held(self)
      const connected = new Set(mesh.connected())
      const members = view.members().filter(member => member.settled && connected.has(member.key))
      if (!replica.removedBy && members.length === 0) {
        throw new SkeinError(
          'unavailable',
          'no settled member is within reach to take this host out: see skein peer ls',
        )
      }
      if (!replica.removedBy) refuseWithOpenRemoval()
      await replica.fence({ starter: self, startedOn: nameOf(self), sinceMs: clock.now(), cut, isLeaving: true })
      if (replica.removedBy?.isLeaving) await ask(members, cut)
      await untilGone()
    },
  }
}

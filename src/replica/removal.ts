/**
 * Removal at work (R9): starts and lifts removals, acknowledges those of others, declares the own ones effective, and fences
 * this peer when it was removed itself. What it decides on is computed in src/crdt.
 */
import { formerArgument, hostArgument } from '../crdt/condition-text.ts'
import type { Assertion } from '../crdt/leaves.ts'
import type { RegistryView, Removal } from '../crdt/registry-view.ts'
import { owedRemovalLeaves } from '../crdt/removal-duty.ts'
import { isMajorityWithout, isOpen } from '../crdt/removal-readings.ts'
import { cancelRemovalLeaves, startRemovalLeaves } from '../crdt/removal-start.ts'
import { isSameHost } from '../crdt/same-host.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Mesh } from '../mesh/transport.ts'
import { type Claim, refuseIfAlive, refuseUnlessHere, unsaidRemovals } from './removal-claims.ts'
import type { Replica } from './replica.ts'

export interface RemovalDeps {
  replica: Replica
  mesh: Pick<Mesh, 'connected'>
  /**
   * Resolves when the containers of this host are on record (R5). Before that it does not acknowledge the removal of a host that may
   * have been itself, under an earlier key: their addresses might be handed out. @default they are
   */
  registered?: () => Promise<void>
  /** Makes a data directory with that key an old copy, should it turn up on this machine (R8). @default nothing does */
  seal?: (key: PeerKey) => Promise<void>
  /** Keys that this host had before, and gave up when it was removed. @default none */
  former?: readonly PeerKey[]
  log: Logger
}

export interface RemovalService {
  /**
   * Starts the removal of these members, durably. Throws `conflict` while another is undecided here, while something speaks against
   * what is asserted, or when those who stay are no majority and `assertion` is not 2.
   *
   * @param claim by what they are said to be down, where `assertion` is not 0. @default off
   */
  start(targets: readonly PeerKey[], assertion: Assertion, claim?: Claim): Promise<void>
  /**
   * Starts the removal of a member that asks for it, has fenced itself, and has no record that is not held here. If one of another such member, that
   * was started here, waits for it, both are removed together: it acknowledges nothing any more.
   */
  startLeave(target: PeerKey): Promise<void>
  /** Says of hosts that were removed that they are down; of all that were removed together. Throws `conflict` as `start` does. */
  assertDown(targets: readonly PeerKey[], claim?: Claim): Promise<void>
  /** Lifts the undecided removal that this peer started of these members. */
  cancel(targets: readonly PeerKey[]): Promise<void>
  begin(): void
  stop(): void
}

export function createRemovalService(deps: RemovalDeps): RemovalService {
  return new Remover(deps)
}

class Remover implements RemovalService {
  readonly #deps: RemovalDeps
  #unsubscribe: (() => void) | undefined
  #running = false
  #isRegistered: boolean
  /** Who asked for its removal in this run of the process. */
  readonly #leaving = new Set<PeerKey>()

  constructor(deps: RemovalDeps) {
    this.#deps = deps
    this.#isRegistered = deps.registered === undefined
  }

  begin(): void {
    void this.#deps.registered?.().then(() => {
      this.#isRegistered = true
      if (this.#unsubscribe) this.#look()
    })
    this.#unsubscribe = this.#deps.replica.onChange(() => this.#look())
    this.#look()
  }

  stop(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  async start(targets: readonly PeerKey[], assertion: Assertion, claim: Claim = 'off'): Promise<void> {
    const { replica } = this.#deps
    if (targets.includes(replica.self)) {
      throw new SkeinError('invalid', 'a host does not remove itself: run skein peer rm on another host')
    }
    if (assertion > 0) await this.#check(targets, claim)
    await replica.write(view => {
      this.#refuseMinority(view, targets, assertion)
      return startRemovalLeaves(view, replica.self, targets, assertion)
    })
  }

  async startLeave(target: PeerKey): Promise<void> {
    const { replica } = this.#deps
    this.#leaving.add(target)
    await replica.write(view => {
      const open = view.removals().filter(isOpen)
      if (open.some(({ targets }) => targets.some(({ key }) => key === target))) return []
      const waiting = open.find(removal => this.#isLeaveThatWaits(removal, target))
      const together = [...(waiting?.targets.map(({ key }) => key) ?? []), target]
      // nobody joined unseen through a host all of whose records are held here: a majority is not needed to know that (R9)
      const assertion = isMajorityWithout(view, together) ? 1 : 2
      return startRemovalLeaves(view, replica.self, together, assertion, waiting)
    })
  }

  #isLeaveThatWaits({ starter, end, targets, waitingFor }: Removal, member: PeerKey): boolean {
    const isOwn = starter === this.#deps.replica.self && !end && targets.every(({ key }) => this.#leaving.has(key))
    return isOwn && waitingFor.includes(member)
  }

  async assertDown(targets: readonly PeerKey[], claim: Claim = 'off'): Promise<void> {
    const { replica } = this.#deps
    const flag = claim === 'lost' ? '--key-is-lost' : '--host-is-down'
    unsaidRemovals(replica.view, targets, flag)
    await this.#check(targets, claim)
    await replica.write(view =>
      unsaidRemovals(view, targets, flag).map(({ dot }) => ({ kind: 'host-down' as const, removal: dot })),
    )
  }

  async cancel(targets: readonly PeerKey[]): Promise<void> {
    const { replica } = this.#deps
    await replica.write(view => {
      const open = view.removals().filter(each => isOpen(each) && !each.end)
      const aimed = open.filter(each => each.targets.some(({ key }) => targets.includes(key)))
      // others may remove one of these, too: each lifts its own
      const removal = aimed.find(({ starter }) => starter === replica.self) ?? aimed[0]
      if (!removal) throw new SkeinError('not-found', 'no such removal is undecided: see skein peer ls')
      if (removal.starter === replica.self) return cancelRemovalLeaves(removal)
      const names = removal.targets.map(({ key }) => formerArgument(view, key)).join(' ')
      const text = `this removal was started on ${hostArgument(view, removal.starter)}`
      throw new SkeinError('conflict', `${text}: run there: skein peer rm --cancel ${names}`)
    })
  }

  /** Throws what speaks against the claim. */
  async #check(targets: readonly PeerKey[], claim: Claim): Promise<void> {
    const { replica, mesh, seal } = this.#deps
    const witnessed = { view: replica.view, self: replica.self, connected: mesh.connected() }
    if (claim === 'off') return refuseIfAlive(witnessed, targets)
    refuseUnlessHere(witnessed, targets)
    if (!this.#isRegistered) {
      throw new SkeinError(
        'unavailable',
        'the containers of this host are not on record yet: see skein status, try again',
      )
    }
    for (const key of targets) await seal?.(key)
  }

  #refuseMinority(view: RegistryView, targets: readonly PeerKey[], assertion: Assertion): void {
    if (assertion === 2 || isMajorityWithout(view, targets)) return
    const staying = view.members().filter(({ key, settled }) => settled && !targets.includes(key)).length
    const names = targets.map(key => formerArgument(view, key)).join(' ')
    const text = `${staying} of ${staying + targets.length} hosts are no majority, and others may have joined through ${names} unseen`
    const remedy = `if they and every host that joined through them are off: skein peer rm ${names} --host-is-down --and-who-joined-through-it`
    throw new SkeinError('conflict', `${text}; ${remedy}`)
  }

  #mayAcknowledge({ targets }: Removal): boolean {
    const { view, self } = this.#deps.replica
    const me = view.member(self)
    if (this.#isRegistered || !me) return true
    return !targets.some(({ key }) => isSameHost(me, view.everMember(key) ?? me))
  }

  /** Writes what this peer owes, one promise at a time. */
  #look(): void {
    const { replica, log } = this.#deps
    const former = this.#isRegistered ? this.#deps.former : undefined
    const owed = (view: RegistryView) =>
      owedRemovalLeaves(view, replica.self, each => this.#mayAcknowledge(each), former)
    if (this.#running || !replica.isComplete || owed(replica.view).length === 0) return
    this.#running = true
    replica
      .write(owed)
      .then(
        () => true,
        error => {
          if (!replica.fenced) log.error({ err: errorText(error) }, 'acknowledgement of a removal not written')
          return false // tried again at the next change, not at once: the journal may refuse for good
        },
      )
      .then(written => {
        this.#running = false
        if (written && this.#unsubscribe) this.#look()
      })
  }
}

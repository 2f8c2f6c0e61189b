/** Members, their admission and their removal, as they take effect. Part of the registry. */
import type { PeerKey } from '../lib/keys.ts'
import type { IsPlain } from './forged-claims.ts'
import type { Forks } from './forks.ts'
import { compareHlc } from './hlc.ts'
import type { LeafRecord } from './live-set.ts'
import type { Member, MembersView, Removal } from './members-view.ts'
import type { Merge } from './merge.ts'
import type { Dot } from './vector.ts'

export class MemberReadings implements MembersView {
  readonly #merge: Merge
  readonly #forks: Forks

  constructor(merge: Merge, forks: Forks) {
    this.#merge = merge
    this.#forks = forks
  }

  member(key: PeerKey): Member | undefined {
    return this.#merge.removals.gone.has(key) ? undefined : this.everMember(key)
  }

  everMember(key: PeerKey): Member | undefined {
    return this.#table.members().get(key)
  }

  members(): Member[] {
    return [...this.#table.members().values()].filter(({ key }) => !this.#merge.removals.gone.has(key))
  }

  removals(): Removal[] {
    return this.#merge.removals.list()
  }

  membersVersion(): number {
    return this.#merge.eras.numbered(this.#table.version)
  }

  invitations(issuer: PeerKey) {
    return this.#table.invitationsOf(issuer)
  }

  admissions() {
    return this.#table.admitted().map(({ record, acks }) => ({
      key: record.leaf.key,
      dot: record.dot,
      since: record.hlc,
      admitter: record.dot.writer,
      ackedBy: firstOfEach(acks).map(ack => ({ key: ack.dot.writer, dot: ack.dot, known: ack.leaf.known })),
    }))
  }

  isDoubtful(key: PeerKey): boolean {
    const { removals } = this.#merge
    const { self } = removals
    if (removals.isDoubtful(key)) return true
    if (self === undefined || this.member(self)?.settled) return false
    return removals.list().some(({ outcome, targets }) => outcome === 'undecided' && targets.some(to => to.key === key))
  }

  succeededBy(key: PeerKey): PeerKey | undefined {
    return this.#merge.eras.successions.get(key)
  }

  successions() {
    const found = this.#table.successions().map(({ record: { leaf, dot, hlc } }) => {
      const isInEffect = this.succeededBy(leaf.invitation) === leaf.key
      return { former: leaf.invitation, key: leaf.key, admitter: dot.writer, since: hlc, isInEffect }
    })
    return found.sort((a, b) => compareHlc(a.since, b.since) || (a.key < b.key ? -1 : 1))
  }

  majorityFor(admission: Dot, newcomer?: PeerKey): Dot[] | undefined {
    return this.#table.majorityFor(admission, newcomer)
  }

  hasListedGone(writer: PeerKey, newcomer: PeerKey, admission: Dot): boolean {
    const listed = new Set(this.#table.saidBy(writer, newcomer, admission).flatMap(({ gone = [] }) => gone))
    return [...this.#merge.removals.gone.keys()].every(key => listed.has(key))
  }

  hasSpokenSettled(writer: PeerKey, newcomer: PeerKey, admission: Dot): boolean {
    const said = this.#table.saidBy(writer, newcomer, admission)
    // the founder is on no list, and settled by any
    const isListed = (list: readonly PeerKey[] = []) => writer === this.#table.founder || list.includes(writer)
    return said.some(({ list, pending = [] }) => isListed(list) && !pending.includes(writer))
  }

  /** Records that forge a right to let somebody in. */
  forged() {
    return this.#table.forged(this.#isPlain())
  }

  /** By which dots nothing else can come to light: see forged-claims.ts. */
  #isPlain(): IsPlain {
    const open = this.removals().filter(({ outcome }) => outcome === 'undecided')
    const doubtful = new Set(open.flatMap(({ targets }) => targets.map(({ key }) => key)))
    const { removals, tables } = this.#merge
    const { gone } = removals
    return dot =>
      dot.counter <= Math.min(this.#merge.held(dot.writer), gone.get(dot.writer)?.cut ?? dot.counter) &&
      !doubtful.has(dot.writer) &&
      !this.#merge.isWithheld(dot) &&
      !this.#forks.since.has(dot.writer) &&
      !tables.checkpoints.covers(dot)
  }

  get #table() {
    return this.#merge.tables.membership
  }
}

/** Of several acknowledgements by one writer the first. */
function firstOfEach<T extends LeafRecord<unknown>>(acks: readonly T[]): T[] {
  const first = new Map<PeerKey, T>()
  for (const ack of acks) if (!first.has(ack.dot.writer)) first.set(ack.dot.writer, ack)
  return [...first.values()]
}

/** What an operator may say of hosts that are to have no addresses any more, and what speaks against it (R9 g). */
import { formerArgument } from '../crdt/condition-text.ts'
import type { Member, RegistryView } from '../crdt/registry-view.ts'
import { isOpen } from '../crdt/removal-readings.ts'
import { isSameHost, isSameMachine } from '../crdt/same-host.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'

/**
 * `off`: the hosts are switched off and stay so. `lost`: this host was made anew in the place of one of them; no machine has the data
 * directory of these keys any more.
 */
export type Claim = 'off' | 'lost'

export interface Witnessed {
  readonly view: RegistryView
  readonly self: PeerKey
  readonly connected: readonly PeerKey[]
}

/**
 * Throws if one of them is connected, or a host that is the same machine, or took its name or address. A key that is
 * fenced everywhere (R8) is another matter: its host is there, under a new key, and has its containers on record.
 */
export function refuseIfAlive(witnessed: Witnessed, targets: readonly PeerKey[]): void {
  const { view } = witnessed
  for (const target of targets) {
    const same = aliveAs(witnessed, target).find(({ key }) => key === target || !view.isFenced(target))
    if (!same) continue
    const text = `${nameOf(view, target)} is not down: ${same.name} is connected with its key, name, machine or address`
    const here = `skein peer rm ${target.slice(0, 12)}`
    const lost = same.settled ? `on ${same.name}: ${here} --key-is-lost` : withoutNewcomer(view, same.name, [target])
    const anew = same.key === target ? '' : `; if it was made anew without its data directory, ${lost}`
    throw new SkeinError('conflict', `${text}; switch it off, or leave --host-is-down out${anew}`)
  }
}

/**
 * What is left where a host that was made anew cannot be settled without its former key, as one of two: it decides nothing, and while it
 * runs nobody else may say that the host is down. What it has registered is safe: the removal waits for it (R4, R5).
 */
function withoutNewcomer(view: RegistryView, name: string, targets: readonly PeerKey[]): string {
  const names = targets.map(key => formerArgument(view, key)).join(' ')
  const command = `skein peer rm ${names} --host-is-down --and-who-joined-through-it`
  return `stop skeind on ${name}, on a settled host: ${command}, then start skeind on ${name} again`
}

/**
 * Throws unless this host stands in the place of one of them, and nobody else in that of another. What runs on its machine it has
 * on record by then (R5); that no other machine has the key is the operator's word.
 */
export function refuseUnlessHere(witnessed: Witnessed, targets: readonly PeerKey[]): void {
  const { view, self } = witnessed
  const me = view.member(self)
  if (!me?.settled) {
    const waits = `this host is not settled yet, see skein peer ls; if it waits for its own former key`
    throw new SkeinError('conflict', `${waits}: ${withoutNewcomer(view, me?.name ?? 'this host', targets)}`)
  }
  const command = `skein peer rm ${targets.map(key => key.slice(0, 12)).join(' ')} --key-is-lost`
  let isHere = false
  for (const target of targets) {
    const gone = view.everMember(target)
    const name = `${nameOf(view, target)} (${target.slice(0, 12)})`
    const same = aliveAs(witnessed, target)
    if (same.some(({ key }) => key === target)) {
      throw new SkeinError('conflict', `a host with the key of ${name} is connected: its key is not lost`)
    }
    // also one that is not within reach: the containers of that key may be in its Docker
    const onMachine = view
      .members()
      .find(member => member.key !== self && !targets.includes(member.key) && gone && isSameMachine(member, gone))
    if (onMachine)
      throw new SkeinError(
        'conflict',
        `${onMachine.name} (${onMachine.key.slice(0, 12)}) has the machine of ${name}: on it: ${command}`,
      )
    const isMine = gone !== undefined && isSameHost(me, gone)
    const [other] = same
    if (!isMine && other) {
      const text = `${other.name} is connected with the name or address of ${name}`
      throw new SkeinError('conflict', `${text}: on it: ${command}`)
    }
    isHere ||= isMine
  }
  if (isHere) return
  const names = targets.map(key => formerArgument(view, key)).join(' ')
  const text = `this host has neither the name nor the machine or address of ${names}`
  throw new SkeinError('conflict', `${text}: if it is switched off for good: skein peer rm ${names} --host-is-down`)
}

/**
 * The removals of these that nobody has said of that they are down. Throws if one of them took out others too, which are not named:
 * it is said of all that a removal took out, or of none.
 */
export function unsaidRemovals(view: RegistryView, targets: readonly PeerKey[], flag: string) {
  const unsaid = view
    .removals()
    .filter(removal => !removal.assertedAt && (removal.outcome === 'effective' || isOpen(removal)))
    .filter(removal => removal.targets.some(({ key }) => targets.includes(key)))
  for (const removal of unsaid) {
    const keys = removal.targets.map(({ key }) => key)
    if (keys.every(key => targets.includes(key))) continue
    const names = keys.map(key => formerArgument(view, key)).join(' ')
    const text = `${names} were removed together: if that is so of all of them`
    throw new SkeinError('conflict', `${text}: skein peer rm ${names} ${flag}`)
  }
  return unsaid
}

/** Members that are connected, or this one, and may be the host of that key. */
function aliveAs({ view, self, connected }: Witnessed, target: PeerKey): Member[] {
  const gone = view.everMember(target)
  const alive = [self, ...connected].flatMap(key => view.member(key) ?? [])
  return alive.filter(member => member.key === target || (gone && isSameHost(member, gone)))
}

function nameOf(view: RegistryView, key: PeerKey): string {
  return view.everMember(key)?.name ?? key.slice(0, 8)
}

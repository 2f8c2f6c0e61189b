/** Standing problems of removals: those that wait, those without an assertion, and hosts that remove each other. */
import type { PeerKey } from '../lib/keys.ts'
import { downCommand, formerArgument, hostArgument } from './condition-text.ts'
import type { Condition, RegistryView, Removal } from './registry-view.ts'
import { aimsAt, isOpen } from './removal-readings.ts'
import { isSameHost, isSameMachine } from './same-host.ts'

export function removalConditions(view: RegistryView): Condition[] {
  const all = view.removals()
  return all.flatMap(removal => [
    ...pending(view, removal, all),
    ...unasserted(view, removal),
    ...mutual(view, removal),
  ])
}

function pending(view: RegistryView, removal: Removal, all: readonly Removal[]): Condition[] {
  // what hides that it was taken back is another one that is undecided
  const ofStarter = all.find(each => isUnasserted(each) && aimsAt(each, removal.starter))
  if (removal.outcome !== 'undecided' || (removal.isLifted && !ofStarter)) return []
  const { dot, targets, since } = removal
  const objects = [`${dot.writer}:${dot.counter}`, ...targets.map(({ key }) => key)]
  const what = ofStarter
    ? stopped(view, removal, ofStarter)
    : removal.isUnproven
      ? unproven(view, removal)
      : waiting(view, removal, all)
  return [{ kind: 'removal-pending', objects, since, ...what }]
}

type Told = Pick<Condition, 'text' | 'remedy'>

function waiting(view: RegistryView, removal: Removal, all: readonly Removal[]): Told {
  const { targets, waitingFor, isMajority } = removal
  const typed = targets.map(({ key }) => formerArgument(view, key)).join(' ')
  const starter = hostArgument(view, removal.starter)
  const missing = waitingFor.length > 0 ? `, and waits for ${sortedNames(view, waitingFor).join(', ')}` : ''
  const bring = waitingFor.length > 0 ? 'bring the hosts that it waits for back, or ' : ''
  const minority = isMajority || waitingFor.length > 0 ? '' : ', and those who stay are no majority'
  return {
    text: `the removal of ${namesOf(view, targets)} was started on ${nameOf(view, removal.starter)}${missing}${minority}`,
    remedy: `${bring}on ${starter}: skein peer rm --cancel ${typed}${withoutStarter(view, removal, all)}`,
  }
}

/**
 * What is left where its starter is down, and can neither end it nor take it back (R9 f). Typed on a target of it, nobody whom it binds would
 * acknowledge that; nor while a target of it removes its starter: that is said once, of both (`mutual`).
 */
function withoutStarter(view: RegistryView, removal: Removal, all: readonly Removal[]): string {
  const { starter } = removal
  const isNamed = all.some(each => isOpen(each) && aimsAt(each, starter) && aimsAt(removal, each.starter))
  const maySay = view
    .members()
    .some(({ key, settled }) => settled && key !== starter && !aimsAt(removal, key) && !view.isFenced(key))
  if (!view.member(starter) || isNamed || !maySay) return ''
  return `; if ${hostArgument(view, starter)} is off for good, on a host that stays: ${downCommand(view, [starter])}`
}

/** Nobody may declare it again, and it binds who acknowledged it: it goes only with its starter (R9 f), which has to be off for that. */
function unproven(view: RegistryView, { targets, starter }: Removal): Told {
  return {
    text: `the removal of ${namesOf(view, targets)} was declared by ${nameOf(view, starter)}, and was not acknowledged as that says: it is not through`,
    remedy: `switch ${hostArgument(view, starter)} off, then, on a host that stays: ${downCommand(view, [starter])}`,
  }
}

/** Its starter was removed, too, and may not end it: whoever acknowledged it is bound until somebody says that the starter is down (R9 f). */
function stopped(view: RegistryView, { targets, starter }: Removal, ofStarter: Removal): Told {
  const [names, name] = [namesOf(view, targets), nameOf(view, starter)]
  return {
    text: `the removal of ${names} was started on ${name}, which was removed: it is not through, and nobody may end it`,
    remedy: remedyOf(view, ofStarter),
  }
}

function unasserted(view: RegistryView, removal: Removal): Condition[] {
  if (!isUnasserted(removal)) return []
  const place = placeOf(view, removal)
  // what is said of a host is not taken for its former self
  const names = removal.targets.map(({ key }) => nameOf(view, key) + (place ? ` (key ${key.slice(0, 12)})` : ''))
  return [
    {
      kind: 'removed-unasserted',
      objects: removal.targets.map(({ key }) => key),
      since: removal.since,
      text: `${names.join(', ')} was removed and may still be running: nobody uses its addresses`,
      remedy: remedyOf(view, removal),
    },
  ]
}

function isUnasserted({ outcome, assertedAt }: Removal): boolean {
  return outcome === 'effective' && !assertedAt
}

function remedyOf(view: RegistryView, removal: Removal): string {
  const all = removal.targets.map(({ key }) => formerArgument(view, key)).join(' ')
  const running = 'on a host that runs: skein join TOKEN, with one of skein peer invite'
  const off = `when it is switched off: skein peer rm ${all} --host-is-down`
  const place = placeOf(view, removal)
  const lost = place && `if no machine has its data directory any more, on ${place}: skein peer rm ${all} --key-is-lost`
  return `${running}; ${lost ?? off}`
}

/** The member that was made anew in the place of one of them: rather one on its machine than one of its name or address. */
function placeOf(view: RegistryView, { targets }: Removal): string | undefined {
  const gone = targets.flatMap(({ key }) => view.everMember(key) ?? [])
  const members = view.members()
  const place =
    members.find(member => gone.some(each => isSameMachine(member, each))) ??
    members.find(member => gone.some(each => isSameHost(member, each)))
  return place && hostArgument(view, place.key)
}

/** Both were asserted to be down, so one of the assertions was false. */
function mutual(view: RegistryView, removal: Removal): Condition[] {
  const isTarget = (of: Removal, key: PeerKey) => of.targets.some(target => target.key === key)
  const other = view
    .removals()
    .find(
      each =>
        isTarget(each, removal.starter) && isTarget(removal, each.starter) && each.dot.writer < removal.dot.writer,
    )
  // where one of them is through, and nothing is asserted, `pending` says it of the other
  if (!other || removal.outcome === 'cancelled' || other.outcome !== removal.outcome) return []
  if (removal.isLifted || other.isLifted) return []
  return [
    {
      kind: 'mutual-removal',
      objects: [other.starter, removal.starter],
      since: removal.since,
      text: `${nameOf(view, other.starter)} and ${nameOf(view, removal.starter)} remove each other`,
      remedy: `${givesIn(view, removal.starter, other.starter)}; or ${givesIn(view, other.starter, removal.starter)}`,
    },
  ]
}

/** Who is bound by the removal that the other started acknowledges nothing that this one did: that is lifted first, also where the other is down. */
function givesIn(view: RegistryView, starter: PeerKey, other: PeerKey): string {
  const [here, there] = [hostArgument(view, starter), hostArgument(view, other)]
  const down = downCommand(view, [other])
  return `on ${here}: skein peer rm --cancel ${there}, then, if ${there} is off, on a third host: ${down}`
}

function namesOf(view: RegistryView, targets: Removal['targets']): string {
  return targets.map(({ key }) => nameOf(view, key)).join(', ')
}

function sortedNames(view: RegistryView, keys: readonly PeerKey[]): string[] {
  return keys.map(key => nameOf(view, key)).sort()
}

function nameOf(view: RegistryView, key: PeerKey): string {
  return view.everMember(key)?.name ?? key.slice(0, 8)
}

/** Standing problems of removals: those that wait, those without an assertion, and hosts that remove each other. */
import type { PeerKey } from '../lib/keys.ts'
import type { Condition, RegistryView, Removal } from './registry-view.ts'

export function removalConditions(view: RegistryView): Condition[] {
  return view
    .removals()
    .flatMap(removal => [...pending(view, removal), ...unasserted(view, removal), ...mutual(view, removal)])
}

function pending(view: RegistryView, removal: Removal): Condition[] {
  if (removal.outcome !== 'undecided') return []
  const { targets, waitingFor, isMajority, dot } = removal
  const names = namesOf(view, targets)
  const starter = nameOf(view, removal.starter)
  const missing = waitingFor.length > 0 ? `, and waits for ${sortedNames(view, waitingFor).join(', ')}` : ''
  const minority = isMajority || waitingFor.length > 0 ? '' : ', and those who stay are no majority'
  return [
    {
      kind: 'removal-pending',
      objects: [`${dot.writer}:${dot.counter}`, ...targets.map(({ key }) => key)],
      since: removal.since,
      text: `the removal of ${names.join(', ')} was started on ${starter}${missing}${minority}`,
      remedy: `bring the hosts that it waits for back, or on ${starter}: skein peer rm --cancel ${names.join(' ')}`,
    },
  ]
}

function unasserted(view: RegistryView, removal: Removal): Condition[] {
  if (removal.outcome !== 'effective' || removal.assertedAt) return []
  const names = namesOf(view, removal.targets)
  return [
    {
      kind: 'removed-unasserted',
      objects: removal.targets.map(({ key }) => key),
      since: removal.since,
      text: `${names.join(', ')} was removed and may still be running: nobody uses its addresses`,
      remedy: `on a host that runs: skein join TOKEN, with one of skein peer invite; when it is switched off: skein peer rm ${names.join(' ')} --host-is-down`,
    },
  ]
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
  if (!other || removal.outcome === 'cancelled' || other.outcome === 'cancelled') return []
  const [a, b] = [nameOf(view, other.starter), nameOf(view, removal.starter)]
  return [
    {
      kind: 'mutual-removal',
      objects: [other.starter, removal.starter],
      since: removal.since,
      text: `${a} and ${b} remove each other`,
      remedy: `on ${b}: skein peer rm --cancel ${a}, or on ${a}: skein peer rm --cancel ${b}; if one is off, on a third host: skein peer rm NAME --host-is-down`,
    },
  ]
}

function namesOf(view: RegistryView, targets: Removal['targets']): string[] {
  return targets.map(({ key }) => nameOf(view, key))
}

function sortedNames(view: RegistryView, keys: readonly PeerKey[]): string[] {
  return keys.map(key => nameOf(view, key)).sort()
}

function nameOf(view: RegistryView, key: PeerKey): string {
  return view.everMember(key)?.name ?? key.slice(0, 8)
}

/** Splits of the underlay: groups of hosts -> what the switch drops. */
import { SkeinError } from '../src/lib/errors.ts'
import { hostNumber, outside, planHost } from './plan.ts'

/** Frames that enter by port `from` and would leave by port `to` are dropped. */
export interface Blocked {
  readonly from: string
  readonly to: string
}

/** `"1 2"`, `host1,host2`, `outside` -> the ports of the switch that it names. */
export function portsOf(group: string): string[] {
  const words = group.split(/[\s,]+/).filter(word => word !== '')
  if (words.length === 0) throw new SkeinError('usage', 'an empty group of hosts; try: skein lab split "1 2" "3"')
  return words.map(word => {
    if (word === outside.name) return outside.port
    const number = hostNumber(word)
    if (number === undefined) throw new SkeinError('usage', `'${word}' names no host; try: skein lab split "1 2" "3"`)
    return planHost(number).port
  })
}

/**
 * What a split between `groups` blocks: both directions, or with `oneWay` only what the first group sends to the
 * second. Hosts in no group, the outside too, stay connected with all.
 */
export function blockedBy(groups: readonly string[], oneWay = false): Blocked[] {
  const ports = groups.map(portsOf)
  if (ports.length < 2)
    throw new SkeinError('usage', 'a split needs two groups or more; try: skein lab split "1 2" "3"')
  if (oneWay && ports.length !== 2) {
    throw new SkeinError(
      'usage',
      '--one-way needs exactly two groups: sender and receiver; try: skein lab split --one-way 1 2',
    )
  }
  const all = ports.flat()
  const twice = all.find((port, at) => all.indexOf(port) !== at)
  if (twice !== undefined)
    throw new SkeinError('usage', `port ${twice} of the switch is named twice; name each host once`)
  return ports.flatMap((senders, at) =>
    ports
      .filter((_, other) => other !== at && !(oneWay && at === 1))
      .flatMap(receivers => senders.flatMap(from => receivers.map(to => ({ from, to })))),
  )
}

/** Input of `ebtables-restore` that replaces all rules of the switch by these, at once. */
export function ebtablesTable(blocked: readonly Blocked[]): string {
  const rules = blocked.map(({ from, to }) => `-A FORWARD -i ${from} -o ${to} -j DROP\n`)
  return `*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n${rules.join('')}`
}

/** What `ebtables-save` prints -> what is blocked. */
export function parseBlocked(text: string): Blocked[] {
  return [...text.matchAll(/^-A FORWARD -i (\S+) -o (\S+) -j DROP/gm)].map(([, from = '', to = '']) => ({ from, to }))
}

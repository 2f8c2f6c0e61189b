/** At rest no condition is shown without a cause, and none is missing that has one: each kind is judged by what the state shows elsewhere. */
import type { ConditionKind } from '../../../src/crdt/condition.ts'
import type { Condition, RegistryView } from '../../../src/crdt/registry-view.ts'
import { parseIp } from '../../../src/model/ip.ts'
import { collide } from '../../../src/model/network.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import { dues, lineOf } from './due.ts'
import { heldRecords } from './held-records.ts'

type Judge = (view: RegistryView, objects: readonly string[], world: World) => boolean

/** True if there is a cause. Every kind is in one of the two tables; of one in `dues` this is what is besides. */
type Judges = Readonly<Record<Exclude<ConditionKind, keyof typeof dues>, Judge> & Partial<Record<ConditionKind, Judge>>>

const judges: Judges = {
  'name-conflict': (view, [a, b]) => {
    const [one, other] = [view.network(a ?? ''), view.network(b ?? '')]
    return one?.tenant === other?.tenant && one?.givenName === other?.givenName && one?.status === 'live'
  },
  'gateway-overlap': (view, [a, b]) => {
    const [one, other] = [view.network(a ?? ''), view.network(b ?? '')]
    return one?.status === 'live' && other !== undefined && collide(one.spec, other.spec)
  },
  draining: (view, [id = '']) => view.network(id)?.status === 'draining' && view.endpoints(id).length > 0,
  drain: (view, [id = '', into]) => view.network(id)?.into !== undefined && view.drain(id)?.into === into,
  'drain-stopped': (view, [id = '']) => view.drain(id) !== undefined && view.network(id)?.into === undefined,
  'tenant-in-use': (view, [name = '']) =>
    view.tenantActs(name).length === 0 && (view.networks(name).length > 0 || view.objects.tenants().includes(name)),
  // nothing is given, and nobody writes, twice, but where a key has several histories
  'duplicate-address': (view, [network = '', text = ''], { copies }) => {
    const ip = parseIp(text) ?? 0
    return copies.excuses(
      network,
      { ip },
      view.holders(network, ip).map(({ owner }) => owner),
    )
  },
  'block-forked': (_, [network = '', index], { copies }) => copies.excuses(network, { index: Number(index) }, []),
  'address-forked': (_, [network = '', ip = ''], { copies }) => copies.excuses(network, { ip: parseIp(ip) ?? 0 }, []),
  'writer-forked': (_, [key = ''], { copies }) => copies.has(key),
  // nobody forges anything; what two histories of one key gave away may rest on nothing
  'forged-records': (_, [key = ''], { copies }) => copies.has(key),
  'removal-pending': (_, [, ...targets], { promises }) =>
    targets.every(key => promises.isDoubted(key) || promises.isLeaver(key)),
  'removed-unasserted': (view, targets) =>
    targets.every(key => view.everMember(key) && !view.member(key)) &&
    view
      .removals()
      .some(
        ({ outcome, assertedAt, targets: all }) =>
          outcome === 'effective' && !assertedAt && all.some(({ key }) => targets.includes(key)),
      ),
  'mutual-removal': (_, hosts, { promises }) => hosts.every(key => promises.isDoubted(key) || promises.isLeaver(key)),
  'group-draining': (view, [id = '']) => {
    const group = view.objects.group(id)
    const members = view.endpoints(group?.network ?? '').filter(endpoint => endpoint.group === id)
    return group?.status === 'draining' && members.length > 0
  },
  'group-without-network': (view, [id = '']) => view.network(view.objects.group(id)?.network ?? '')?.status !== 'live',
  'group-name-conflict': (view, [id = '']) => {
    const group = view.objects.group(id)
    return view.objects
      .groups(group?.tenant)
      .some(({ id: other, bornName }) => other !== id && bornName === group?.bornName)
  },
  'policy-in-use': (view, [key = '']) => view.objects.policy(...pair(key))?.alive === false,
  'rule-conflict': (view, [key = '']) => view.objects.ruleValues(...triple(key)).length > 1,
  'rule-lost': (view, [key = '']) => view.objects.ruleActs(...triple(key)).length > 0,
  'netprofile-in-use': (view, [key = '']) => view.objects.profile(...pair(key))?.alive === false,
  // its writer cannot know what another history of its key wrote
  'checkpoint-unjust': (_, [writer = ''], { copies }) => copies.has(writer),
  'edit-lost': (view, [key = '']) => {
    const { objects } = view
    if (key === 'global') return objects.contested('global', key).length > 0
    if (objects.group(key)) return objects.contested('group', key).length > 0
    return objects.contested('netprofile', key.replace(':', '/')).length > 0
  },
}

export function checkCauses(world: World, host: Host, view: RegistryView, allDue = dueOn(world, host, view)): void {
  const due = new Map([...allDue].map(([kind, lines]) => [kind, new Set(lines)]))
  for (const condition of view.conditions()) {
    const { kind, objects, text } = condition
    const isDue = due.get(kind)?.delete(lineOf(objects))
    if (!isDue && !judges[kind]?.(view, objects, world)) {
      world.violate('conditions', `${host.name} shows ${kind} without a cause, of ${objects.join(' ')}: ${text}`)
    }
    world.count(isDue ? `condition ${kind} that is due` : `condition ${kind}`)
    if (!isShowable(condition)) world.violate('conditions', `${host.name} shows ${kind} in more than a line: ${text}`)
  }
  for (const [kind, lines] of due) {
    for (const line of lines) world.violate('conditions', `${host.name} shows no ${kind}, which has a cause: ${line}`)
  }
}

/** By kind, the objects of the conditions that must be there; the same on hosts that show the same. */
export function dueOn(world: World, host: Host, view: RegistryView): ReadonlyMap<string, ReadonlySet<string>> {
  const records = heldRecords(host)
  return new Map(Object.entries(dues).map(([kind, due]) => [kind, new Set(due({ world, view, records }).map(lineOf))]))
}

function isShowable({ text, remedy }: Condition): boolean {
  return text !== '' && remedy !== '' && !text.includes('\n') && !remedy.includes('\n')
}

function pair(key: string): [string, string] {
  const [tenant = '', name = ''] = key.split(':')
  return [tenant, name]
}

function triple(key: string): [string, string, string] {
  const [tenant = '', policy = '', id = ''] = key.split(':')
  return [tenant, policy, id]
}

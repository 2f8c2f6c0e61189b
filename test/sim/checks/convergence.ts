/** I2: equal vectors mean equal states; at rest all vectors are equal, everybody is settled, and nothing has leaked. */

import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { dotText, vectorHash } from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { isOfCopies } from '../differing.ts'
import type { Host } from '../host.ts'
import { isIll, type World } from '../world.ts'
import { checkCauses, dueOn } from './causes.ts'
import { earlyUnits } from './early-units.ts'
import { heldParts } from './held-records.ts'
import {
  boundBy,
  insiders,
  isGivenUp,
  isLockedOut,
  islands,
  mayMeet,
  type Running,
  running,
  unseenBy,
} from './insiders.ts'
import { replay, settingOf } from './journals.ts'
import { openRemovals } from './open-removals.ts'
import { ownerless } from './ownerless.ts'
import { checkPromises } from './promises-kept.ts'
import { difference, stateText } from './state-text.ts'
import { trustedBy } from './trusted.ts'

/**
 * At any time: peers that hold the same records show the same. Not yet who holds a unit whose checkpoint is still to come. The members of a mesh that
 * is at rest have been given each other's units (`unrest`); an old copy that knows no member is given none, and stays with what its directory had.
 */
export async function checkEqualVectors(world: World): Promise<void> {
  const byVector = new Map<string, { host: Host; digest: string }[]>()
  for (const { host, peer } of running(world)) {
    // nobody lies in these histories
    const differing = peer.replica.differences().find(each => !isOfCopies(world, host.signer.key, each))
    if (differing) world.violate('I2', `${host.name} says that it and ${differing.peer.slice(0, 8)} cannot agree`)
    const vector = peer.replica.vector()
    if (peer.pending() > 0 || isIll(host.disk)) continue
    const hash = toHex(vectorHash(vector))
    const digest = peer.replica.view.digest()
    const others = byVector.get(hash) ?? []
    const odd = others.find(other => other.digest !== digest && holdAlike(other.host, host))
    if (odd) world.violate('I2', `${odd.host.name} and ${host.name} hold the same records and have different digests`)
    byVector.set(hash, [...others, { host, digest }])
  }
}

function holdAlike(...hosts: [Host, Host]): boolean {
  const [a, b] = hosts.map(host => earlyUnits(host).join())
  return a === b
}

/** Why the mesh has not come to rest; undefined once it has. */
export async function unrest(world: World): Promise<string | undefined> {
  const inside = insiders(world).filter(host => !isLockedOut(world, host))
  const away = inside.find(host => !host.ready)
  if (away) return `${away.name} is not up`
  const busy = inside.find(host => host.flows > 0)
  if (busy) return `${busy.name} still has requests of users under way`
  // until its operator lifts it, whoever acknowledged it shows less than there is: what the target wrote since, and what that is needed for (R9 b)
  const waiting = inside.find(host => openRemovals(host).length > 0)
  if (waiting) return `${waiting.name} has a removal under way`
  const isHeldUp = inside.some(({ peer }) => peer?.replica.fenced)
  const apart = islands(world)
  for (const island of mayMeet(world) ? [apart.flat()] : apart) {
    const problem = undecidedOnSome(island) ?? unrestOf(world, island, isHeldUp)
    if (problem) return problem
  }
  return undefined
}

/** @param isHeldUp some host is fenced and acknowledges nothing: the others may be no majority */
function unrestOf(world: World, all: readonly Running[], isHeldUp: boolean): string | undefined {
  const keys = new Set(all.map(({ host }) => host.signer.key))
  // whoever cannot see a newcomer cannot acknowledge it: that waits, too, until the removal is decided
  const hides = new Map(all.map(each => [each.host.signer.key, unseenBy(world, each)]))
  for (const each of all) {
    const { host, peer } = each
    const { view } = peer.replica
    const unseen = hides.get(host.signer.key) ?? new Set()
    const known = view.members().filter(({ key }) => keys.has(key))
    const pending = known.find(
      ({ key, settled, waitingFor }) =>
        !settled &&
        !isLeaving(view, key) &&
        !waitingFor.some(other => isGivenUp(world, other) || hides.get(other)?.has(key)),
    )
    if (pending && !isHeldUp) return `${pending.name} is pending, says ${host.name}`
    if (known.length !== [...keys].filter(key => !unseen.has(key)).length)
      return `${host.name} does not know all members`
    if (peer.pending() > 0) return `${host.name} has writes under way`
  }
  return unequalVectors(world, all)
}

/**
 * What decides a removal comes to everybody, also to who does not see all of its writers until then (R9 b). Who is bound by a removal of its starter
 * gives no effect to what that declares, until that removal is decided.
 */
function undecidedOnSome(all: readonly Running[]): string | undefined {
  const undecided = new Map<string, Host>()
  const decided = new Map<string, Host>()
  for (const each of all) {
    const hidden = boundBy(each)
    for (const { dot, outcome } of each.peer.replica.view.removals()) {
      if (outcome !== 'undecided') decided.set(dotText(dot), each.host)
      else if (!hidden.has(dot.writer)) undecided.set(dotText(dot), each.host)
    }
  }
  for (const [dot, host] of undecided) {
    const other = decided.get(dot)
    if (other) return `${host.name} holds a removal for undecided that is decided on ${other.name}`
  }
  return undefined
}

function unequalVectors(world: World, all: readonly Running[]): string | undefined {
  const unseen = new Map(all.map(each => [each, unseenBy(world, each)]))
  const judge = all.find(each => unseen.get(each)?.size === 0) ?? all[0]
  const hash = ({ peer }: Running, without: ReadonlySet<PeerKey> = new Set()) =>
    toHex(vectorHash(new Map([...peer.replica.vector()].filter(([writer]) => !without.has(writer)))))
  const odd = all.find(each => judge && hash(each, unseen.get(each)) !== hash(judge, unseen.get(each)))
  return odd ? `${judge?.host.name} and ${odd.host.name} have different vectors` : unequalUnits(all)
}

/** A unit whose checkpoint is lost is given to the others when the vectors are equal (decision 0018). */
function unequalUnits([first, ...others]: readonly Running[]): string | undefined {
  if (!first) return undefined
  const digest = ({ peer }: Running) => peer.replica.view.digest()
  const odd = others.find(each => digest(each) !== digest(first) && !holdAlike(first.host, each.host))
  return odd && `${first.host.name} and ${odd.host.name} hold units of different runs, and differ`
}

/** Whoever acknowledged a removal that is not decided does not see what the target wrote since: perhaps that it is settled (R9). */
function isLeaving(view: RegistryView, key: PeerKey): boolean {
  return view
    .removals()
    .some(({ outcome, targets }) => outcome === 'undecided' && targets.some(each => each.key === key))
}

/**
 * What others make of the records that a host holds. Nothing takes its own endpoints from a host whose key has a successor (R8), so what it shows
 * of them is its own affair while it runs under that key.
 */
function asOthersRead(world: World, { host, peer }: Running, all: readonly Running[]): RegistryView {
  const { view, self } = peer.replica
  if (view.succeededBy(self) === undefined) return view
  const others = all.map(each => each.peer.replica.self).filter(key => key !== self)
  const reader = others.find(key => view.succeededBy(key) === undefined) ?? others[0]
  return reader === undefined ? view : replay(settingOf(world, { host, peer }, reader), heldParts(host)).registry
}

/** At rest: states are equal, acknowledged writes are everywhere, promises are kept. */
export async function checkAtRest(world: World): Promise<void> {
  for (const island of islands(world)) checkIsland(world, island)
  await checkEqualVectors(world)
}

function checkIsland(world: World, all: readonly Running[]): void {
  const isOpen = all.some(({ peer }) => peer.replica.view.removals().some(({ outcome }) => outcome === 'undecided'))
  const texts = all.map(each => stateText(asOthersRead(world, each, all)))
  all.forEach(({ host }, i) => {
    const text = texts[i] ?? ''
    // whoever acknowledged a removal that is not decided shows less of the target (R9)
    if (text !== texts[0] && !isOpen) {
      world.violate(
        'I2',
        `${all[0]?.host.name} and ${host.name} show different states: ${difference(texts[0] ?? '', text)}`,
      )
    }
  })
  const [first] = all
  const due = isOpen || !first ? undefined : dueOn(world, first.host, first.peer.replica.view)
  const trusted = trustedBy(world, all)
  for (const { host, peer } of all) {
    const vector = peer.replica.vector()
    for (const [writer, counter] of world.promises.counters) {
      const due = Math.min(counter, trusted(writer))
      const held = vector.get(writer)?.[0]?.counter ?? 0
      if (held < due)
        world.violate('I3', `${host.name} has ${held} of ${due} acknowledged writes of ${writer.slice(0, 8)}`)
    }
    checkPromises(world, { host, peer }, trusted)
    checkCauses(world, host, peer.replica.view, due)
  }
}

/** Why addresses or records of containers that are gone are left, or the other way round; undefined if none are. */
export function leak(world: World): string | undefined {
  const networks = new Set([
    ...world.promises.networks.keys(),
    ...running(world).flatMap(({ peer }) => peer.replica.view.networks().map(network => network.id)),
  ])
  for (const { host, peer } of islands(world).flat()) {
    const stranger = ownerless(peer.replica.view, networks)
    if (stranger) return `${host.name} shows what is nobody's: ${stranger}`
    // it writes nothing any more, also not what is so
    if (peer.replica.fenced) continue
    // also under a key before this one: its successor takes over what it recorded (R8), and a newcomer records what runs there
    const mayHaveLost = [host.signer.key, ...host.abandoned].some(key => world.copies.has(key))
    for (const network of networks) {
      // of a network that only the state knew which was lost nothing is concluded (I5)
      if (mayHaveLost && !peer.replica.view.network(network)) continue
      const wanted = [...host.containers.values()].filter(container => container.network === network)
      const records = peer.replica.view.endpoints(network).filter(endpoint => endpoint.owner === host.signer.key)
      const expected = show(wanted.map(container => container.ip))
      const recorded = show(records.map(endpoint => endpoint.ip))
      const held = show(peer.ipam.held(network))
      const where = `in network ${network.slice(0, 6)} ${host.name} runs [${expected}]`
      if (recorded !== expected) return `${where}, has records of [${recorded}]`
      if (held !== expected) return `${where}, holds [${held}]`
    }
  }
  return undefined
}

function show(addresses: readonly number[]): string {
  return [...addresses]
    .sort((a, b) => a - b)
    .map(formatIp)
    .join(' ')
}

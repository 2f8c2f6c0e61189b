/** Who is to agree with whom in the end. */
import type { PeerKey } from '../../../src/lib/keys.ts'
import { isNobodys } from '../departures.ts'
import type { Host } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { Session, VirtualMesh } from '../virtual-mesh.ts'
import type { World } from '../world.ts'

export interface Running {
  readonly host: Host
  readonly peer: Peer
}

export function running(world: World): Running[] {
  return world.hosts.flatMap(host => (host.peer ? [{ host, peer: host.peer }] : []))
}

/**
 * Hosts that are to agree in the end: not those that are gone, or were removed, or came in through such a host unseen. What is
 * so is asked of a settled member that knows of most removals, then of most members.
 */
export function insiders(world: World): Host[] {
  if (!world.promises.anyDoubted && !world.promises.anyLeaver) return world.hosts
  const [judge] = running(world)
    .filter(({ host }) => !isStray(world, host))
    .map(({ peer: { replica } }) => ({
      view: replica.view,
      isIn: replica.view.member(replica.self)?.settled === true,
      removals: replica.view.removals().filter(({ outcome }) => outcome === 'effective').length,
    }))
    .sort(
      (a, b) =>
        Number(b.isIn) - Number(a.isIn) || b.removals - a.removals || b.view.members().length - a.view.members().length,
    )
  const inside = world.hosts.filter(host => !host.gone && !isStray(world, host) && judge?.view.member(host.signer.key))
  return inside.filter(host => !isCutOff(world, host, inside) && !isOut(world, host))
}

/** It was removed, and speaks with nobody since, by a host that was put back to before it did that: nobody else that is left need know of it. */
function isOut({ copies }: World, { signer: { key }, peer }: Host): boolean {
  const removals = peer?.replica.view.removals() ?? []
  return removals.some(
    ({ outcome, starter, targets }) =>
      outcome === 'effective' && copies.has(starter) && targets.some(target => target.key === key),
  )
}

/**
 * Who was admitted by records that only a lost state had, which no machine of its admitter is there to be shown and to pass on. Never the founder. Also
 * others may know who let it in: it does not run all the time, and has read nothing right after its start.
 */
function isStray(world: World, { signer: { key }, peer }: Host): boolean {
  if (!world.copies.any || world.copies.has(key) || !world.promises.isDoubted(key)) return false
  const unaware = running(world).filter(other => !other.peer.replica.view.everMember(key))
  const admissions = peer?.replica.view.admissions().filter(admission => admission.key === key) ?? []
  if (peer?.replica.view.everMember(key) && admissions.length === 0) return false
  const known = running(world).flatMap(other => other.peer.replica.view.admissions())
  const admitters = new Set([...admissions, ...known.filter(each => each.key === key)].map(({ admitter }) => admitter))
  const isLost = !running(world).some(other => admitters.has(other.peer.mesh.self))
  return unaware.length > 0 && isLost
}

/**
 * A copy that knows no other member, or none that is left, dials nobody; and who is connected with another machine of its key does not look for it. It may
 * be told by chance that it is a copy, and get no record.
 */
function isCutOff(world: World, { peer, signer: { key } }: Host, inside: readonly Host[]): boolean {
  if (!peer || !world.copies.has(key)) return false
  const isTwin = running(world).some(other => other.peer !== peer && other.peer.mesh.self === key)
  return isTwin && !inside.some(other => other.signer.key !== key && peer.replica.view.member(other.signer.key))
}

/** True of a key that was given up: no member that waits for it is ever answered. */
export function isGivenUp(world: World, key: PeerKey): boolean {
  return isNobodys(world, key) && world.hosts.some(({ abandoned }) => abandoned.includes(key))
}

/** A newcomer that nobody can let in: whoever runs is fenced, and gives no invitation. Their operators begin a new mesh. */
export function isLockedOut(world: World, host: Host): boolean {
  const others = running(world).filter(each => each.host !== host)
  return host.membership === undefined && others.length > 0 && others.every(({ peer }) => peer.replica.fenced)
}

/**
 * The hosts that are to agree, in groups that never hear of each other; usually one. A member has one connection with a key. So where every host of
 * a mesh runs twice, and whoever looks for a key may meet either of its machines, one of each key may pair up as a mesh of
 * their own: nobody looks for anybody, and nobody can tell. Not so where a fenced host gives its connections up now and then (`mayMeet`).
 */
export function islands(world: World): Running[][] {
  const inside = insiders(world)
  const all = running(world)
  const everyone = all.filter(({ host }) => inside.includes(host))
  const groups = connected(all).filter(group => group.some(each => everyone.includes(each)))
  const isClosed = groups.every(group => group.every(({ peer }) => hasAll(peer.mesh, all)) && isTwin(group, all))
  return isClosed ? groups.map(group => group.filter(each => everyone.includes(each))) : [everyone]
}

/** True while groups that hear nothing of each other are yet to meet: a fenced host in one of them gives others their turn. */
export function mayMeet(world: World): boolean {
  const groups = islands(world)
  return groups.length > 1 && groups.flat().some(({ peer }) => peer.replica.fenced)
}

function connected(all: readonly Running[]): Running[][] {
  const groups: Running[][] = []
  const left = new Set(all)
  for (const first of all) {
    if (!left.delete(first)) continue
    const group = [first]
    for (const { peer } of group) {
      const ends = peer.mesh.everySession().flatMap(session => (stands(session) ? session.ends : []))
      for (const other of left) {
        if (!ends.includes(other.peer.mesh)) continue
        left.delete(other)
        group.push(other)
      }
    }
    groups.push(group)
  }
  return groups
}

/** Some machine with each of its members' keys that run is connected: it looks for nobody. */
function hasAll(mesh: VirtualMesh, all: readonly Running[]): boolean {
  return [...mesh.members].every(
    key => key === mesh.self || mesh.sessionsWith(key).some(stands) || all.every(({ peer }) => peer.mesh.self !== key),
  )
}

/** False where the other end has closed it, and this one is about to notice. */
function stands(session: Session): boolean {
  return session.ends.every(end => end.started && end.everySession().includes(session))
}

/** Another group has a machine with one of its keys. */
function isTwin(group: readonly Running[], all: readonly Running[]): boolean {
  const keys = new Set(group.map(({ peer }) => peer.mesh.self))
  return all.some(other => !group.includes(other) && keys.has(other.peer.mesh.self))
}

/**
 * Who cannot be seen here: let in by the target of a removal that this host started or acknowledged, after what it acknowledged of it. Until
 * the removal is decided they are no members here, and their records are not taken in (R9 b, decision 0015).
 */
export function unseenBy(world: World, one: Running): Set<PeerKey> {
  const { view } = one.peer.replica
  const targets = boundBy(one)
  const keys = world.hosts.map(({ signer }) => signer.key).filter(key => !view.everMember(key))
  return new Set(keys.filter(key => world.promises.cameThrough(key, targets)))
}

/** Targets of undecided removals that this host started or acknowledged: what they write gives no effect here, above what it acknowledged (R9 b). */
export function boundBy({ peer: { replica } }: Running): Set<PeerKey> {
  const { view, self } = replica
  const binding = view
    .removals()
    .filter(({ outcome, starter, ackedBy }) => outcome === 'undecided' && (starter === self || ackedBy.includes(self)))
  return new Set(binding.flatMap(removal => removal.targets.map(({ key }) => key)))
}

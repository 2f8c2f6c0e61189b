/** R8, at rest: of several histories everybody knows, their hosts are fenced, and each address that they gave is named, by itself. */
import { formatIp } from '../../../src/model/ip.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import { islands } from './insiders.ts'

const kinds = ['writer-forked', 'duplicate-address', 'block-forked', 'address-forked']

export function checkNaming(world: World): void {
  if (!world.copies.any) return
  for (const island of islands(world)) {
    checkNamingOn(
      world,
      island.map(({ host }) => host),
    )
  }
}

function checkNamingOn(world: World, inside: readonly Host[]): void {
  checkFences(world, inside)
  for (const { host, ip, network } of inside.flatMap(recorded)) {
    const isDoubled = inside
      .flatMap(recorded)
      .some(other => other.host !== host && other.ip === ip && other.network === network)
    const isSuspect = inside.some(({ peer }) => peer?.replica.view.isForked(host.signer.key))
    if (!isDoubled && !isSuspect) continue
    for (const { name, peer } of inside) {
      const isNamed = peer?.replica.view.conditions().some(({ kind, text, objects }) =>
        // nobody uses any address of who was removed without a word on whether it runs; nor of who is being removed, and what it did
        // lately is withheld until that is decided (R9 b)
        kind === 'removed-unasserted' || kind === 'removal-pending'
          ? objects.includes(host.signer.key)
          : kinds.includes(kind) && text.split(/[^0-9.]+/).includes(formatIp(ip)),
      )
      if (!isNamed) world.violate('R8', `${name} shows no condition that names ${formatIp(ip)} of ${host.name}`)
    }
  }
}

/** Of one key at most one history goes on, and none when the mesh knows of two. */
function checkFences(world: World, inside: readonly Host[]): void {
  for (const host of inside) {
    const same = inside.filter(({ signer }) => signer.key === host.signer.key)
    const going = same.filter(({ peer }) => !peer?.replica.fenced)
    const isForked = inside.some(({ peer }) => peer?.replica.view.isForked(host.signer.key))
    const most = isForked ? 0 : world.copies.areAlike(going) ? going.length : 1
    if (going.length > most) {
      world.violate(
        'R8',
        `${going.map(({ name }) => name).join(', ')} go on with one key${isForked ? ' that is forked' : ''}`,
      )
    }
  }
}

/** Its containers that everybody can know of. */
function recorded(host: Host) {
  const containers = [...host.containers.values()]
  return containers
    .filter(({ id }) => host.peer?.replica.view.endpoint(host.signer.key, id))
    .map(({ ip, network }) => ({ host, ip, network }))
}

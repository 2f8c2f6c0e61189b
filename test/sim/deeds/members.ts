/** Hosts are removed. Whoever says that one is down says the truth: it has lost its power for good. */
import type { PeerKey } from '../../../src/lib/keys.ts'
import type { Host } from '../host.ts'
import { loseForGood } from '../lifecycle.ts'
import type { World } from '../world.ts'
import type { Deed, Turn } from './deed.ts'

export const memberDeeds: Record<string, Deed> = {
  /** One host or two; what is said of them is decided with it. */
  removeHosts: {
    weight: 0.15,
    absent: 0.6,
    async run(turn) {
      const { world, host, peer, random } = turn
      const others = members(turn).filter(other => other !== host)
      const count = random.chance(0.8) ? 1 : 2
      // a host that burnt down before and is still a member comes first
      const chosen = [...others.filter(other => other.gone), ...random.shuffle(others)].slice(0, count)
      const targets = [...new Set(chosen)]
      if (targets.length === 0) return false
      const isDown = random.chance(0.6) && mayLose(turn, targets)
      if (isDown) for (const target of targets) loseForGood(world, target)
      const assertion = targets.every(target => target.gone) && isDown ? 1 : 0
      // a cut link is noticed late; until then nobody may say that the host is down
      if (assertion > 0) await world.time.sleep(random.spread(100, 10_000), peer.life)
      world.history.note(`${host.name} removes ${targets.map(({ name }) => name).join(', ')}, assertion ${assertion}`)
      world.suspect(targets.map(({ signer }) => signer.key))
      await peer.removal.start(
        targets.map(({ signer }) => signer.key),
        assertion,
      )
      return true
    },
  },
  assertDown: {
    weight: 0.3,
    async run(turn) {
      const { world, host, peer, random } = turn
      const open = peer.replica.view.removals().filter(each => each.outcome !== 'cancelled' && !each.assertedAt)
      const removal = random.pick(open)
      const target = removal?.targets[0]?.key
      if (!removal || target === undefined) return false
      // it speaks of every removal that is about this host
      const meant = open.filter(each => each.targets.some(({ key }) => key === target))
      const keys = new Set(meant.flatMap(each => each.targets.map(({ key }) => key)))
      const hosts = hostsOf(world, [...keys])
      if (hosts.includes(host) || !mayLose(turn, hosts)) return false
      for (const each of hosts) loseForGood(world, each)
      await world.time.sleep(random.spread(100, 10_000), peer.life)
      world.history.note(`${host.name} says that ${hosts.map(({ name }) => name).join(', ')} are down`)
      await peer.removal.assertDown([...keys])
      return true
    },
  },
  cancelRemoval: {
    weight: 0.15,
    async run({ peer, random }) {
      const removal = random.pick(peer.replica.view.removals().filter(({ outcome }) => outcome === 'undecided'))
      if (removal) await peer.removal.cancel(removal.targets.map(({ key }) => key))
      return removal !== undefined
    },
  },
}

function members({ world, peer }: Turn): Host[] {
  return hostsOf(
    world,
    peer.replica.view.members().map(({ key }) => key),
  )
}

function hostsOf(world: World, keys: readonly PeerKey[]): Host[] {
  return world.hosts.filter(({ signer }) => keys.includes(signer.key))
}

/** Those that stay are enough to decide things: more than half of the settled members. */
function mayLose({ world, peer }: Turn, targets: readonly Host[]): boolean {
  // nobody came in through them unseen: told histories are about that (H9)
  const staying = world.hosts.filter(host => host.membership && !host.gone && !targets.includes(host))
  const knows = (host: Host) =>
    world.hosts.every(({ membership, signer }) => !membership || host.peer?.replica.view.everMember(signer.key))
  if (!staying.every(knows)) return false
  const gone = new Set([...world.hosts.filter(host => host.gone), ...targets])
  return 2 * gone.size < peer.replica.view.members().filter(member => member.settled).length
}

/** What the soak breaks, and how it is mended. One fault at a time, of each kind that a host or a link can have. */
import type { Lab, LabHost } from '../../lab/index.ts'
import type { Random } from '../sim/random.ts'

/** One that is chosen, and not made yet. */
export interface Fault {
  /** What is broken, for people. */
  readonly text: string
  /** Names of the hosts whose engine, peer or links it breaks. */
  readonly hosts: readonly string[]
  /** The commands that run on them end with it, without a word. */
  readonly endsCommands?: true
  make(): Promise<void>
  /** Makes whole what was broken. */
  mend(): Promise<void>
}

type Choose = (lab: Lab, random: Random) => Fault

const kinds: Record<string, Choose> = {
  split(lab, random) {
    const hosts = random.shuffle(lab.hosts())
    const at = 1 + random.below(hosts.length - 1)
    const groups = [hosts.slice(0, at), hosts.slice(at)].map(group => group.map(host => host.number).join(' '))
    return {
      text: `split ${groups.join(' | ')}`,
      hosts: hosts.map(({ name }) => name),
      make: () => lab.split(groups),
      mend: () => lab.heal(),
    }
  },
  oneWay(lab, random) {
    const [from, to] = random.shuffle(lab.hosts()) as [LabHost, LabHost]
    return {
      text: `${to.name} does not hear ${from.name}`,
      hosts: [from.name, to.name],
      make: () => lab.split([String(from.number), String(to.number)], { oneWay: true }),
      mend: () => lab.heal(),
    }
  },
  killPeer(lab, random) {
    const host = anyOf(lab, random)
    return {
      text: `skeind of ${host.name} killed`,
      hosts: [host.name],
      make: () => host.killPeer(),
      mend: () => host.startPeer(),
    }
  },
  stopPeer(lab, random) {
    const host = anyOf(lab, random)
    return {
      text: `skeind of ${host.name} stopped`,
      hosts: [host.name],
      make: () => host.stopPeer(),
      mend: () => host.startPeer(),
    }
  },
  killEngine(lab, random) {
    const host = anyOf(lab, random)
    return {
      text: `engine of ${host.name} killed`,
      hosts: [host.name],
      make: () => host.killEngine(),
      mend: () => host.startEngine(),
    }
  },
  power(lab, random) {
    const host = anyOf(lab, random)
    return {
      text: `${host.name} without power`,
      hosts: [host.name],
      endsCommands: true,
      make: () => host.cutPower(),
      mend: async () => {
        await host.startPeer()
        await host.startEngine()
      },
    }
  },
}

/** One thing by chance. */
export function chooseFault(lab: Lab, random: Random): Fault {
  const choose = random.pick(Object.values(kinds)) as Choose
  return choose(lab, random)
}

function anyOf(lab: Lab, random: Random): LabHost {
  return random.pick(lab.hosts()) as LabHost
}

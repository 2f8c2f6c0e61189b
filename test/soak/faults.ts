/** What the soak breaks, and how it is mended. One fault at a time, of each kind that a host or a link can have. */
import type { Lab, LabHost } from '../../lab/index.ts'
import type { Random } from '../sim/random.ts'

export interface Fault {
  /** What was broken, for people. */
  readonly text: string
  /** Makes whole what was broken. */
  mend(): Promise<void>
}

type Break = (lab: Lab, random: Random) => Promise<Fault>

const breaks: Record<string, Break> = {
  async split(lab, random) {
    const hosts = random.shuffle(lab.hosts())
    const at = 1 + random.below(hosts.length - 1)
    const groups = [hosts.slice(0, at), hosts.slice(at)].map(group => group.map(host => host.number).join(' '))
    await lab.split(groups)
    return { text: `split ${groups.join(' | ')}`, mend: () => lab.heal() }
  },
  async oneWay(lab, random) {
    const [from, to] = random.shuffle(lab.hosts()) as [LabHost, LabHost]
    await lab.split([String(from.number), String(to.number)], { oneWay: true })
    return { text: `${to.name} does not hear ${from.name}`, mend: () => lab.heal() }
  },
  async killPeer(lab, random) {
    const host = anyOf(lab, random)
    await host.killPeer()
    return { text: `skeind of ${host.name} killed`, mend: () => host.startPeer() }
  },
  async stopPeer(lab, random) {
    const host = anyOf(lab, random)
    await host.stopPeer()
    return { text: `skeind of ${host.name} stopped`, mend: () => host.startPeer() }
  },
  async killEngine(lab, random) {
    const host = anyOf(lab, random)
    await host.killEngine()
    return { text: `engine of ${host.name} killed`, mend: () => host.startEngine() }
  },
  async power(lab, random) {
    const host = anyOf(lab, random)
    await host.cutPower()
    return {
      text: `${host.name} without power`,
      mend: async () => {
        await host.startPeer()
        await host.startEngine()
      },
    }
  },
}

/** Breaks one thing by chance. */
export function breakSomething(lab: Lab, random: Random): Promise<Fault> {
  const kind = random.pick(Object.values(breaks)) as Break
  return kind(lab, random)
}

function anyOf(lab: Lab, random: Random): LabHost {
  return random.pick(lab.hosts()) as LabHost
}

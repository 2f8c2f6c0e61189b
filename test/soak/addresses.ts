/** Every address in use on every engine: what I1 and I5 look like from outside. */
import type { LabHost } from '../../lab/index.ts'

export interface Held {
  /** Docker's network options name ours, which is the same on all hosts. */
  readonly network: string
  readonly ip: string
  readonly host: string
  readonly container: string
}

interface Inspected {
  Name: string
  Options: Record<string, string> | null
  Labels: Record<string, string> | null
  Containers: Record<string, { Name: string; IPv4Address: string }>
}

/** What the engine of one host shows; undefined while it does not answer. */
export async function heldOn(host: LabHost): Promise<Held[] | undefined> {
  const list = await host.exec(['docker', 'network', 'ls', '-q', '--filter', 'driver=mesh'], { timeoutMs: 20_000 })
  if (list.code !== 0) return undefined
  const ids = list.stdout.split('\n').filter(Boolean)
  if (ids.length === 0) return []
  const answer = await host.exec(['docker', 'network', 'inspect', ...ids], { timeoutMs: 20_000 })
  if (answer.code !== 0) return undefined
  return (JSON.parse(answer.stdout) as Inspected[]).flatMap(({ Name, Options, Labels, Containers }) =>
    Object.values(Containers).map(({ Name: container, IPv4Address }) => ({
      network: Options?.['skein.id'] ?? Labels?.['skein.id'] ?? Name,
      ip: IPv4Address.split('/')[0] ?? '',
      host: host.name,
      container,
    })),
  )
}

/** What all engines hold, look after look. One that is down holds what it held, since its containers run on, but for those that are gone. */
export function watchHeld(hosts: readonly LabHost[], gone: ReadonlySet<string>): () => Promise<Held[]> {
  const last = new Map<LabHost, Held[]>()
  return async () => {
    const looks = hosts.map(async host => {
      const held = (await heldOn(host)) ?? last.get(host) ?? []
      last.set(host, held)
      return held
    })
    return (await Promise.all(looks)).flat().filter(({ container }) => !gone.has(container))
  }
}

/** Lines that tell of an address which two containers hold in one network. */
export function doubled(held: readonly Held[]): string[] {
  const first = new Map<string, Held>()
  return held.flatMap(item => {
    const key = `${item.network} ${item.ip}`
    const other = first.get(key)
    if (!other) first.set(key, item)
    return other
      ? [`${item.ip} is held by ${other.container} on ${other.host} and by ${item.container} on ${item.host}`]
      : []
  })
}

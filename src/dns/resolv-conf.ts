/** Which servers Docker's resolver asks, from the files that say so. Pure. */
import { parseIp } from '../model/ip.ts'

/** A server that Docker asks for a container. */
export interface Server {
  readonly address: string
  /** Docker asks from the host's own namespace, not from the container's: nobody can tell who asked. */
  readonly fromHost: boolean
}

/** What Docker falls back to (its own default). */
export const publicServers = ['8.8.8.8', '8.8.4.4']

/** Addresses after `nameserver`, in order. */
export function nameservers(text: string): string[] {
  return [...text.matchAll(/^[ \t]*nameserver[ \t]+(\S+)/gm)].map(match => match[1] ?? '')
}

/** Of a container's resolv.conf, from Docker 26 on: `# ExtServers: [10.0.0.1 host(127.0.0.53)]`. */
export function extServers(text: string): Server[] | undefined {
  const match = /^# ExtServers: \[(.*)\]$/m.exec(text)
  return match?.[1]
    ?.split(/\s+/)
    .filter(word => word !== '')
    .map(word => {
      const fromHost = /^host\((.*)\)$/.exec(word)
      return fromHost ? server(fromHost[1] ?? '', true) : server(word, false)
    })
}

/** The servers that Docker gives to containers when nothing else is said. */
export function hostServers(resolvConf: string): Server[] {
  const listed = nameservers(resolvConf)
  return (listed.length > 0 ? listed : publicServers).map(address => server(address, false))
}

/** `"dns"` of daemon.json; [] if it says none, or is no JSON. */
export function daemonServers(daemonJson: string): Server[] {
  try {
    const { dns } = JSON.parse(daemonJson) as { dns?: unknown }
    return Array.isArray(dns) ? dns.map(address => server(String(address), false)) : []
  } catch {
    return [] // dockerd itself refuses such a file
  }
}

export function server(address: string, fromHost: boolean): Server {
  return { address, fromHost: fromHost || address.startsWith('127.') || address === '::1' }
}

/** True for a server that containers ask over docker_gwbridge: what can be redirected. */
export function isReachedByContainer({ address, fromHost }: Server): boolean {
  return !fromHost && parseIp(address) !== undefined
}

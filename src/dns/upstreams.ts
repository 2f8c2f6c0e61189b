/**
 * The servers that Docker asks for this host's containers: what its configuration says, and what each container was given,
 * which is what counts for it until it is started again.
 */
import type { DockerPort, ReadText } from './ports.ts'
import {
  daemonServers,
  extServers,
  hostServers,
  isReachedByContainer,
  nameservers,
  type Server,
  server,
} from './resolv-conf.ts'

export interface Upstreams {
  /** Reads the host's files. Never rejects. */
  lookAtHost(): Promise<void>
  /** Asks Docker for containers that are new, and forgets those that are not there. Rejects when Docker does not answer. */
  lookAt(containers: Iterable<string>): Promise<void>
  /** Dotted addresses that can be redirected, those of the host first. */
  list(): string[]
  /** A server that is asked from the host's namespace, where nobody can tell who asks, and the containers that ask it. */
  bypass(): { readonly server: string; readonly containers: readonly string[] } | undefined
}

const resolvConf = '/etc/resolv.conf'
const daemonJson = '/etc/docker/daemon.json'
/** systemd-resolved's own servers: Docker before 26 gives these where resolv.conf has its stub alone. */
const resolvedConf = '/run/systemd/resolve/resolv.conf'
const resolvedStub = '127.0.0.53'

export function createUpstreams(docker: DockerPort, read: ReadText): Upstreams {
  let host: readonly Server[] = []
  /** Where Docker before 26 looks. */
  let older: readonly Server[] = []
  const given = new Map<string, readonly Server[]>()

  async function lookAtHost(): Promise<void> {
    const [text = '', resolved = '', daemon = ''] = await Promise.all([resolvConf, resolvedConf, daemonJson].map(read))
    const configured = daemonServers(daemon)
    host = configured.length > 0 ? configured : hostServers(text)
    const isStub = nameservers(text).join() === resolvedStub && nameservers(resolved).length > 0
    older = configured.length === 0 && isStub ? hostServers(resolved) : host
  }

  async function serversOf(container: string): Promise<readonly Server[] | undefined> {
    const found = await docker.container(container)
    if (!found) return undefined
    const text = found.resolvConf === '' ? undefined : await read(found.resolvConf)
    const own = found.dns.map(address => server(address, false))
    return extServers(text ?? '') ?? (own.length > 0 ? own : older)
  }

  return {
    lookAtHost,
    async lookAt(containers) {
      const running = new Set(containers)
      for (const container of given.keys()) if (!running.has(container)) given.delete(container)
      // one after another: Docker has better things to do
      for (const container of running) {
        const servers = given.has(container) ? undefined : await serversOf(container)
        if (servers) given.set(container, servers)
      }
    },
    list() {
      const all = [...host, ...older, ...[...given.values()].flat()]
      return [...new Set(all.filter(isReachedByContainer).map(each => each.address))]
    },
    bypass() {
      const bypassing = [...given].filter(([, servers]) => isBypass(servers))
      const server = bypassing[0]?.[1][0]?.address ?? (isBypass(host) && isBypass(older) ? host[0]?.address : undefined)
      // what the containers were given counts, where there are some
      if (server === undefined || (given.size > 0 && bypassing.length === 0)) return undefined
      return { server, containers: bypassing.map(([container]) => container) }
    },
  }
}

function isBypass(servers: readonly Server[]): boolean {
  const [first] = servers
  return first !== undefined && !isReachedByContainer(first)
}

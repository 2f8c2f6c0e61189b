/** A listener for each server that containers ask: its port tells which one was meant. */
import { errorText } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { type Handle, type Listener, openListener } from './listener.ts'

export interface Listeners {
  /**
   * Opens and closes until there is one at `address` for each server; resolves with their ports. Servers for which no
   * port could be opened are missing there. Never rejects.
   */
  serve(address: string, servers: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Queries that arrived so far. */
  received(): number
  close(): Promise<void>
}

/** Next to the mesh's and VXLAN's; unassigned by IANA. */
export const firstPort = 7375
/** More servers than this are not redirected. */
export const maxServers = 32

export function createListeners(
  handleFor: (server: string) => Handle,
  log: Logger,
  basePort: number = firstPort,
): Listeners {
  const open = new Map<string, Listener>()
  let received = 0

  async function openFor(server: string, address: string): Promise<void> {
    const handle = handleFor(server)
    const taken = new Set([...open.values()].map(listener => listener.port))
    const counting: Handle = (query, asker, transport) => {
      received++
      return handle(query, asker, transport)
    }
    // somebody else may have a port of the run: twice as many are tried as can be needed
    for (let port = basePort; port < basePort + 2 * maxServers; port++) {
      if (taken.has(port)) continue
      try {
        open.set(server, await openListener(address, port, counting))
        return
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
          log.debug({ address, port, err: errorText(error) }, 'no port for names')
          return
        }
      }
    }
    log.warn({ address, server }, 'no free port for names')
  }

  return {
    async serve(address, servers) {
      const wanted = new Set(servers.slice(0, maxServers))
      for (const [server, listener] of open) {
        if (wanted.has(server) && listener.address === address && listener.isOpen()) continue
        open.delete(server)
        await listener.close()
      }
      for (const server of wanted) if (!open.has(server)) await openFor(server, address)
      return new Map([...open].map(([server, listener]) => [server, listener.port]))
    },
    received: () => received,
    async close() {
      const ending = [...open.values()]
      open.clear()
      await Promise.all(ending.map(listener => listener.close()))
    },
  }
}

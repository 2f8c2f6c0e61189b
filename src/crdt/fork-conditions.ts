/** R8: a writer with two histories. */
import type { PeerKey } from '../lib/keys.ts'
import { formatIp } from '../model/ip.ts'
import { hostArgument, hostName, shown } from './condition-text.ts'
import type { Hlc } from './hlc.ts'
import type { Condition, RegistryView } from './registry-view.ts'

/** Names every address that the writer has handed out, since each may be in use twice. */
export function forkedWriters(view: RegistryView, forks: ReadonlyMap<PeerKey, Hlc>): Condition[] {
  return [...forks].map(([writer, since]) => {
    const host = hostName(view, writer)
    const held = view
      .networks()
      .flatMap(network => view.endpoints(network.id).map(endpoint => ({ network, endpoint })))
      .filter(({ endpoint }) => endpoint.owner === writer)
      .map(({ network, endpoint: { ip, containerName } }) => {
        const name = containerName ? ` (${containerName})` : ''
        return `${formatIp(ip)}${name} in ${shown(network)}`
      })
    const used = held.length > 0 ? `; addresses that it handed out: ${held.join(', ')}` : ''
    return {
      kind: 'writer-forked',
      objects: [writer],
      since,
      text: `${host} has two histories: its data directory was restored from an old copy, or two machines run with it; it gets and gives no addresses${used}`,
      remedy: `on ${host}: skein peer rejoin; if two machines run with its key, or nobody knows why: skein peer rm ${hostArgument(view, writer)}, then let each join with a token`,
    }
  })
}

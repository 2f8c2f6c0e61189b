/** Who bears a name: of several live networks the first act that gave it, by HLC; the others are shown with their id. */
import { compareHlc } from './hlc.ts'
import type { Network } from './registry-view.ts'

/** All with their shown names, sorted by (tenant, name, id). Who is being deleted gives way to who is not. */
export function nameAll(networks: readonly Network[]): Network[] {
  const rank = (network: Network) => (network.status === 'live' ? 0 : 1)
  const ranked = [...networks].sort(
    (a, b) => rank(a) - rank(b) || compareHlc(a.named, b.named) || (a.id < b.id ? -1 : 1),
  )
  const taken = new Set<string>()
  const named = ranked.map(network => {
    const slot = `${network.tenant}/${network.givenName}`
    if (taken.has(slot)) return { ...network, name: `${network.givenName}~${network.id.slice(0, 6)}` }
    taken.add(slot)
    return network
  })
  const order = (network: Network) => `${network.tenant}\n${network.name}\n${network.id}`
  return named.sort((a, b) => (order(a) < order(b) ? -1 : 1))
}

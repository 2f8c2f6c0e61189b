/** Finds the address that the mesh listens on by default: that of the default route's interface. */
import { readFileSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

type Interfaces = Readonly<Record<string, NetworkInterfaceInfo[] | undefined>>

/** RTF_UP of linux/route.h, the flags column of /proc/net/route. */
const routeUp = 0x1

/** Interface of the default route with the lowest metric, from the text of /proc/net/route; undefined if there is none. */
export function defaultRouteInterface(routes: string): string | undefined {
  let best: { name: string; metric: number } | undefined
  for (const line of routes.split('\n').slice(1)) {
    const [name, destination, , flags, , , metric, mask] = line.trim().split(/\s+/)
    if (!name || destination !== '00000000' || mask !== '00000000') continue
    if ((Number.parseInt(flags ?? '0', 16) & routeUp) === 0) continue
    const candidate = { name, metric: Number(metric) }
    if (!best || candidate.metric < best.metric) best = candidate
  }
  return best?.name
}

/** First IPv4 address of the default route's interface; undefined if there is no such route or address. */
export function addressOfDefaultRoute(routes: string, interfaces: Interfaces): string | undefined {
  const name = defaultRouteInterface(routes)
  return name === undefined ? undefined : interfaces[name]?.find(address => address.family === 'IPv4')?.address
}

/** The same, of this machine. */
export function findDefaultAddress(): string | undefined {
  return addressOfDefaultRoute(readFileSync('/proc/net/route', 'utf8'), networkInterfaces())
}

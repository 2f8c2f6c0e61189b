/** Pure: the text of the nftables table that redirects containers' questions, and what it says back. */
import { parseIp } from '../model/ip.ts'
import { gatewayBridge } from './askers.ts'

export const table = 'skein_dns'

/** An entry is gone this long after it was last refreshed, s: without skeind, names go on as without Skein. */
const lifetimeSeconds = 5

export interface Wishes {
  /** Server that containers ask -> port of ours that answers for it. */
  readonly ports: ReadonlyMap<string, number>
  /** Addresses on docker_gwbridge of containers that are on none of our networks. */
  readonly strangers: readonly string[]
}

/**
 * Just before Docker's own rules for the same hook. Newcomers are redirected until they are known as strangers: a container's
 * first question comes sooner after its start than Docker tells of it, and for a stranger the detour changes nothing.
 */
export function tableText({ ports, strangers }: Wishes): string {
  const listed = strangers.filter(isAddress).sort()
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  map servers {
    type ipv4_addr : inet_service
    flags timeout
    timeout ${lifetimeSeconds}s
    ${elements(entries(ports))}
  }
  set strangers {
    type ipv4_addr
    ${elements(listed)}
  }
  chain from_containers {
    type nat hook prerouting priority dstnat - 1; policy accept;
    iifname "${gatewayBridge}" meta l4proto { tcp, udp } th dport 53 ip saddr != @strangers ip daddr @servers counter redirect to :ip daddr map @servers
  }
}
`
}

/** One line, that gives the entries a new life, and lists what the counter says. Adding alone would leave the old expiry on older kernels. */
export function refreshText({ ports }: Wishes): string {
  const added = entries(ports)
  const add = added.length === 0 ? [] : [`add element ip ${table} servers { ${added.join(', ')} }`]
  return [`flush map ip ${table} servers`, ...add, `list chain ip ${table} from_containers`].join('; ')
}

export const withdrawText = `flush map ip ${table} servers\n`

/** Questions that were redirected since the table was loaded, from what `nft` lists. */
export function redirected(listing: string): number {
  return Number(/counter packets (\d+) /.exec(listing)?.[1] ?? 0)
}

function entries(ports: ReadonlyMap<string, number>): string[] {
  return [...ports].filter(([address]) => isAddress(address)).map(([address, port]) => `${address} : ${port}`)
}

function elements(list: readonly string[]): string {
  return list.length === 0 ? '' : `elements = { ${list.join(', ')} }`
}

function isAddress(text: string): boolean {
  return parseIp(text) !== undefined
}

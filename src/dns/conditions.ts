/** What keeps names from working on this host, in words, with what its operator can do. Pure. */
import type { NamesCondition } from './ports.ts'

export interface Findings {
  /** See `Upstreams.bypass`; containers by name. */
  readonly bypass: { readonly server: string; readonly containers: readonly string[] } | undefined
  /** Names of containers that have endpoints of ours but no address on docker_gwbridge. */
  readonly cutOff: readonly string[]
  /** The host's firewall drops what containers ask; on this address and port. */
  readonly blockedAt: string | undefined
  /** What nft or the kernel said. */
  readonly refusal: string | undefined
}

const effect = "names of other hosts' containers do not resolve"

export function conditionsOf({ bypass, cutOff, blockedAt, refusal }: Findings): NamesCondition[] {
  const found: NamesCondition[] = []
  if (bypass) {
    found.push({
      text: `${effect} in ${these(bypass.containers)}: Docker asks ${bypass.server} from the host itself, where nobody can tell which container asks`,
      remedy:
        'give Docker a resolver that is not on loopback: "dns": ["ADDRESS"] in /etc/docker/daemon.json; then restart Docker and the containers',
    })
  }
  if (cutOff.length > 0) {
    found.push({
      text: `${effect} in ${these(cutOff)}: no way out over docker_gwbridge (an --internal network, or another Docker network is their way out)`,
      remedy:
        'connect them to a Skein network that is not internal, and to no other Docker network; or use addresses: skein net inspect NAME',
    })
  }
  if (blockedAt !== undefined) {
    found.push({
      text: `${effect} on this host: its firewall drops what containers ask at ${blockedAt}, so their questions are not redirected for now`,
      remedy: `let them in, UDP and TCP: iptables -I INPUT -i docker_gwbridge -p udp --dport ${ports} -j ACCEPT, the same with -p tcp; tried again within 10 minutes`,
    })
  }
  if (refusal !== undefined) {
    found.push({
      text: `${effect} on this host: questions cannot be redirected: ${refusal}`,
      remedy: 'install the package nftables if it is missing; else see: nft list table ip skein_dns',
    })
  }
  return found
}

const ports = '7375:7438'
const shown = 5

function these(containers: readonly string[]): string {
  if (containers.length === 0) return "this host's containers"
  const more = containers.length > shown ? ` and ${containers.length - shown} more` : ''
  return `${containers.slice(0, shown).join(', ')}${more}`
}

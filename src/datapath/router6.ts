/**
 * The IPv6 gateway of a network: an address of its bridge, on every host, as with IPv4 (routing.ts). Of the tenant's bridges only
 * such have IPv6 at all, so what a container of another network sends to its bridge goes nowhere (I4), though the kernel
 * knows forwarding of IPv6 for the namespace alone.
 */
import type { Network } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { batch, type Channel, failed } from './channel.ts'
import type { Context } from './context.ts'
import { bridgeName } from './names.ts'
import type { Reading } from './reading.ts'

/** Its addresses are there at once: other hosts have the same, and none of them hears the others ask. */
const speaking = (bridge: string) => [
  `net.ipv6.conf.${bridge}.accept_dad=0`,
  `net.ipv6.conf.${bridge}.accept_ra=0`,
  `net.ipv6.conf.${bridge}.disable_ipv6=0`,
]
const forwarding = 'net.ipv6.conf.all.forwarding=1'

/** `gateway6`: `ADDRESS/LENGTH`; '' for none. Resolves with the number of repairs. */
export async function settleRouter6(
  context: Context,
  channel: Channel,
  network: Network,
  gateway6: string,
  reading: Reading,
): Promise<number> {
  // most networks have no such gateway and never had
  if (network.spec.gateway6 === '') return 0
  const bridge = bridgeName(network.id)
  const isSpeaking = (await reading.speakers()).has(bridge)
  if (gateway6 === '') {
    if (!isSpeaking) return 0
    await set(context, channel, network, [`net.ipv6.conf.${bridge}.disable_ipv6=1`])
    return 1
  }
  const present = isSpeaking ? (reading.links.get(bridge)?.addresses6 ?? []) : []
  const settings = [
    ...(isSpeaking ? [] : speaking(bridge)),
    ...((await reading.routers6()).has(bridge) ? [] : [forwarding]),
  ]
  const lines = [
    ...present.filter(each => each !== gateway6).map(each => `addr del ${each} dev ${bridge}`),
    ...(present.includes(gateway6) ? [] : [`addr add ${gateway6} dev ${bridge} nodad`]),
  ]
  if (settings.length > 0) await set(context, channel, network, settings)
  if (lines.length === 0) return settings.length
  const failure = await batch(
    context,
    lines.map(line => ({ line })),
    channel.namespace,
  )
  if (failure !== '') throw failed(network, failure)
  return settings.length + lines.length
}

async function set({ run }: Context, { namespace }: Channel, network: Network, settings: string[]): Promise<void> {
  const line = [`--net=/run/netns/${namespace}`, 'sysctl', '-q', '-w', ...settings]
  const { code, stderr } = await run('nsenter', line)
  if (code === 0) return
  throw new SkeinError(
    'unavailable',
    `network ${network.name} is not routed: ${stderr.trim()}; run: nsenter ${line.join(' ')}`,
  )
}

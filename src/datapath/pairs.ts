/** The veth pairs of containers. */

import { errorText } from '../lib/errors.ts'
import type { NetworkId } from '../model/network.ts'
import { batch, type Channel } from './channel.ts'
import type { Context } from './context.ts'
import { pairCommand } from './devices.ts'
import type { Command } from './diff.ts'
import { bridgeEnd, containerEnd } from './names.ts'

export interface PairWishes {
  readonly network: NetworkId
  readonly endpointId: string
  readonly mac: string
  readonly mtu: number
}

/** Makes many pairs in one batch; gives those that it made. */
export async function makePairs(
  context: Context,
  channel: Channel,
  wishes: readonly PairWishes[],
): Promise<Set<PairWishes>> {
  const byLine = new Map(wishes.map(wish => [commandOf(context, wish).line, wish]))
  try {
    const failures = await channel.ip.run([...byLine.keys()].map(line => ({ line })))
    for (const { line } of failures) byLine.delete(line)
    return new Set(byLine.values())
  } catch (error) {
    context.log.info({ err: errorText(error) }, 'container interfaces not made together')
    return new Set() // unknown which were: `makePair` replaces what is there
  }
}

/** Makes a pair, in place of one that an earlier attempt left; gives the failure's text, '' if all went well. */
export async function makePair(context: Context, channel: Channel, wishes: PairWishes): Promise<string> {
  const commands = [commandOf(context, wishes)]
  const [first] = await channel.ip.run(commands)
  if (!first?.text.includes('File exists')) return first?.text ?? ''
  await removePair(context, channel, wishes.endpointId)
  const [second] = await channel.ip.run(commands)
  return second?.text ?? ''
}

function commandOf({ hostNamespace }: Context, wishes: PairWishes): Command {
  const ends = { bridgeEnd: bridgeEnd(wishes.endpointId), containerEnd: containerEnd(wishes.endpointId) }
  return pairCommand(ends, wishes.mac, wishes, hostNamespace)
}

/** Removing either end removes both. The bridge's end is in the tenant's namespace; a pair not on any bridge is found by the other. */
export async function removePair(context: Context, channel: Channel, endpointId: string): Promise<void> {
  const failures = await channel.ip.run([{ line: `link del ${bridgeEnd(endpointId)}` }])
  if (failures.length === 0) return
  const failure = await batch(context, [{ line: `link del ${containerEnd(endpointId)}` }])
  if (failure !== '' && !failure.includes('Cannot find device')) {
    context.log.warn({ endpoint: endpointId, err: failure }, 'container interface not removed')
  }
}

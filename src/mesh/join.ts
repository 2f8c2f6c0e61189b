/** The joiner's side of admission: a passing libp2p node under the invitation's key that asks the issuer one thing. */
import '../polyfills.ts'
import type { Connection, ConnectionGater, Libp2p } from '@libp2p/interface'
import { type Clock, withDeadline } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { dialMultiaddr, parseAddress } from './address.ts'
import { dialFailure, wasRefused } from './dial-error.ts'
import { createPlainNode, dialLimitMs } from './node.ts'
import { unknownInvitationText } from './requests.ts'
import { ask } from './rpc.ts'
import type { Invitation, RequestJoin } from './transport.ts'

export const joinProtocol = '/skein/join/1'

const gater: ConnectionGater = { denyInboundConnection: () => true }

export function createRequestJoin({ clock }: { clock: Clock }): RequestJoin {
  return async (invitation, request, timeoutMs) => {
    const end = clock.monotonic() + timeoutMs
    const node = await createPlainNode({ seed: invitation.seed, listen: [], gater })
    try {
      await node.start()
      const { connection, address } = await reachIssuer(node, invitation, clock, end)
      const name = `the peer at ${address}`
      let asked = false
      const open = async (signal: AbortSignal) => {
        const stream = await connection.newStream(joinProtocol, { signal })
        asked = true
        return stream
      }
      try {
        return await ask(open, request, { clock, name, timeoutMs: Math.max(1, end - clock.monotonic()) })
      } catch (error) {
        // it let us connect, as libp2p always does, and closed before the protocol was agreed on
        const isUnknown = !asked && connection.status !== 'open'
        // a peer that has no connection with a member lets strangers connect, and says so
        throw isUnknown || errorText(error) === unknownInvitationText ? unknownInvitation(address) : error
      }
    } finally {
      await node.stop()
    }
  }
}

async function reachIssuer(node: Libp2p, { issuer, addresses }: Invitation, clock: Clock, end: number) {
  const failures: string[] = []
  for (const text of addresses) {
    const address = parseAddress(text)
    const limitMs = Math.min(dialLimitMs, end - clock.monotonic())
    if (!address || limitMs <= 0) continue
    try {
      return { connection: await dial(node, dialMultiaddr(address, issuer), clock, limitMs), address: text }
    } catch (error) {
      if (wasRefused(error)) throw unknownInvitation(text)
      failures.push(`${text}: ${dialFailure(error)}`)
    }
  }
  throw new SkeinError(
    'unreachable',
    `the peer that issued this token was not reached (${failures.join(', ') || 'no time left'}): ` +
      'see that skeind runs there and that this port is open, then join again',
  )
}

async function dial(
  node: Libp2p,
  address: ReturnType<typeof dialMultiaddr>,
  clock: Clock,
  limitMs: number,
): Promise<Connection> {
  const controller = new AbortController()
  const late = () => {
    controller.abort()
    return new Error('no answer')
  }
  return withDeadline(clock, node.dial(address, { signal: controller.signal }), limitMs, late)
}

function unknownInvitation(address: string): SkeinError {
  return new SkeinError('forbidden', `the peer at ${address} refused us: ${unknownInvitationText}`)
}

/** Request handlers of members, and the ones of guests. */
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Members } from './members.ts'
import { peerKeyOf } from './peer-id.ts'
import { ask, serve } from './rpc.ts'
import type { AskBack, RequestHandler } from './transport.ts'

/** Requests of one peer that are answered at once; each may hold a message of 1 MiB. */
const maxConcurrent = 32

/** Of strangers. */
const maxOfStrangers = 2

/** What a holder is told of an invitation that is not known. */
export const unknownInvitationText =
  'it does not know this invitation (forgotten, or of another mesh): ask there for a new token with `skein peer invite`'

/** Takes an incoming stream. */
export type OnStream = (stream: Stream, connection: Connection) => void

/** Wraps `onStream` so that only peers that `may` allows reach it. */
export function onlyFor(
  may: (peer: PeerKey) => boolean,
  onStream: (stream: Stream, peer: PeerKey, connection: Connection) => void,
): OnStream {
  return (stream, connection) => {
    const peer = peerKeyOf(connection.remotePeer)
    if (peer !== undefined && may(peer)) onStream(stream, peer, connection)
    else stream.abort(new Error('not for this peer'))
  }
}

export interface Requests {
  /** What answers `handler`'s requests: of members. */
  member(handler: RequestHandler): OnStream
  /** The same, of holders of invitations; a stranger who was let connect is told that it holds none. */
  joiner(handler: RequestHandler): OnStream
  /** The same, of members that were removed. */
  removed(handler: RequestHandler): OnStream
  /** The same, of anybody else: two at once, any further one is not even read. */
  stranger(handler: RequestHandler): OnStream
}

export function createRequests(members: Members, clock: Clock, log: Logger): Requests {
  const running = new Map<PeerKey, number>()
  const busy: RequestHandler = () =>
    Promise.reject(new SkeinError('unavailable', 'too many requests at once: try again'))

  const notInvited: RequestHandler = () => Promise.reject(new SkeinError('forbidden', unknownInvitationText))

  async function answer(stream: Stream, connection: Connection, peer: PeerKey, handler: RequestHandler): Promise<void> {
    const before = running.get(peer) ?? 0
    running.set(peer, before + 1)
    const name = members.nameOf(peer)
    const askBack: AskBack = (protocol, bytes, timeoutMs) =>
      ask(signal => connection.newStream(protocol, { signal }), bytes, { clock, timeoutMs, name })
    await serve(stream, peer, before < maxConcurrent ? handler : busy, { clock, log, askBack })
    const left = (running.get(peer) ?? 1) - 1
    if (left > 0) running.set(peer, left)
    else running.delete(peer)
  }

  const answering = (may: (peer: PeerKey) => boolean, handler: RequestHandler) =>
    onlyFor(may, (stream, peer, connection) => void answer(stream, connection, peer, handler))

  let ofStrangers = 0
  const isStranger = (peer: PeerKey) => !members.has(peer) && !members.isInvited(peer) && !members.isRemoved(peer)
  const stranger = (handler: RequestHandler) =>
    onlyFor(
      peer => ofStrangers < maxOfStrangers && isStranger(peer),
      (stream, peer, connection) => {
        ofStrangers++
        void answer(stream, connection, peer, handler).finally(() => ofStrangers--)
      },
    )

  return {
    stranger,
    member: handler => answering(members.has, handler),
    joiner(handler) {
      const [invited, others] = [answering(members.isInvited, handler), stranger(notInvited)]
      return onlyFor(
        () => true,
        (stream, peer, connection) => (isStranger(peer) ? others : invited)(stream, connection),
      )
    },
    removed: handler => answering(members.isRemoved, handler),
  }
}

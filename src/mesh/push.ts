/**
 * Broadcasts go straight to every connected member as well, on one long-lived stream in each direction. A member that
 * does not keep up loses the oldest of what waits for it: anti-entropy repairs that.
 */
import type { Connection, Stream } from '@libp2p/interface'
import type { Clock } from '../lib/clock.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { frame, readFrames } from './frames.ts'
import { createRateLimit } from './rate-limit.ts'
import { maxMessageBytes } from './transport.ts'

export const pushProtocol = '/skein/push/1'

/** What may wait for one member. */
const maxQueuedFrames = 512
const maxQueuedBytes = 4 * 1024 * 1024
/** A stream that could not be opened, or was reset, is opened again after this at the earliest, ms. */
const reopenMs = 1_000

interface Channel {
  connection: Connection
  stream?: Stream
  opening: boolean
  openedMs: number
  queue: Uint8Array[]
  queuedBytes: number
  dropped: number
}

export interface Push {
  /** Sends over `connection` from now on. */
  attach(peer: PeerKey, connection: Connection): void
  detach(peer: PeerKey): void
  /** To every attached peer. */
  send(bytes: Uint8Array): void
}

export function createPush(clock: Clock, log: Logger): Push {
  const channels = new Map<PeerKey, Channel>()
  const mayLog = createRateLimit(clock, 10_000)

  function enqueue(peer: PeerKey, channel: Channel, framed: Uint8Array): void {
    channel.queue.push(framed)
    channel.queuedBytes += framed.length
    while (channel.queue.length > maxQueuedFrames || channel.queuedBytes > maxQueuedBytes) {
      channel.queuedBytes -= channel.queue.shift()?.length ?? 0
      channel.dropped++
    }
    if (channel.dropped > 0 && mayLog(peer)) {
      log.warn({ peer, dropped: channel.dropped }, 'member does not keep up, broadcasts to it were dropped')
    }
  }

  function flush(channel: Channel): void {
    const { stream } = channel
    try {
      while (stream && channel.queue.length > 0 && !stream.writableNeedsDrain) {
        const framed = channel.queue.shift()
        if (!framed) return
        channel.queuedBytes -= framed.length
        stream.send(framed)
      }
    } catch (error) {
      log.debug({ err: error }, 'push stream failed')
      delete channel.stream
    }
  }

  async function open(peer: PeerKey, channel: Channel): Promise<void> {
    channel.opening = true
    channel.openedMs = clock.monotonic()
    try {
      const stream = await channel.connection.newStream(pushProtocol)
      stream.addEventListener('drain', () => flush(channel))
      stream.addEventListener('close', () => {
        if (channel.stream === stream) delete channel.stream
      })
      channel.stream = stream
      flush(channel)
    } catch (error) {
      log.debug({ peer, err: error }, 'push stream was not opened')
    }
    channel.opening = false
  }

  return {
    attach(peer, connection) {
      const channel = { connection, opening: false, openedMs: 0, queue: [], queuedBytes: 0, dropped: 0 }
      channels.set(peer, channel)
      void open(peer, channel)
    },
    detach: peer => void channels.delete(peer),
    send(bytes) {
      const framed = frame(bytes)
      for (const [peer, channel] of channels) {
        enqueue(peer, channel, framed)
        if (channel.stream) flush(channel)
        else if (!channel.opening && clock.monotonic() - channel.openedMs >= reopenMs) void open(peer, channel)
      }
    },
  }
}

/** Reads what a member pushes. */
export function receivePushes(stream: Stream, onBytes: (bytes: Uint8Array) => void): void {
  readFrames(stream, maxMessageBytes, onBytes)
  stream.addEventListener('end', () => stream.abort(new Error('the sender ended the stream')), { once: true })
}

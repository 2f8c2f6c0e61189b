/**
 * One connection to a member, and whether it lives. A dial that resolves does not say that we were let in, and TCP
 * notices a silent split only after minutes; so both sides ping on a stream of their own: the connection counts from
 * the first answer on, and is cut when there is none for three ticks.
 */
import type { Connection, Stream } from '@libp2p/interface'
import type { PeerKey } from '../lib/keys.ts'

export const pingProtocol = '/skein/ping/1'

/** What is sent, and comes back. */
export const ping = new Uint8Array(1)

/** Time between two pings, ms. */
export const pingIntervalMs = 2_000
/** Pings in a row without an answer that end a connection: 6 s. */
const maxMissed = 3

export interface Link {
  readonly peer: PeerKey
  readonly connection: Connection
  /** It has answered. */
  readonly alive: boolean
  /** We ended it. */
  readonly cut: boolean
  /** Ticks that it has seen. */
  readonly age: number
  /** Sends the next ping. `late`: our own timer ran late, so a missing answer says nothing. */
  tick(late: boolean): void
  abort(reason: string): void
}

export interface LinkEvents {
  /** The first ping was answered. */
  alive(): void
  /** The other side let us connect and takes no pings: we are no member there. */
  unheard(): void
}

/** Starts pinging on `connection`. */
export function createLink(peer: PeerKey, connection: Connection, events: LinkEvents): Link {
  let stream: Stream | undefined
  let alive = false
  let cut = false
  let isRefused = false
  let age = 0
  let heard = true
  let missed = 0

  function abort(reason: string): void {
    cut = true
    connection.abort(new Error(reason))
  }

  async function open(): Promise<void> {
    try {
      const opened = await connection.newStream(pingProtocol)
      opened.addEventListener('message', () => {
        heard = true
        missed = 0
        if (alive) return
        alive = true
        events.alive()
      })
      opened.addEventListener('close', () => {
        if (!alive) refused()
      })
      opened.send(ping)
      stream = opened
    } catch {
      refused() // the stream was closed before the first ping
    }
  }

  /** If the connection was closed, its own event tells. */
  function refused(): void {
    if (isRefused || cut || connection.status !== 'open') return
    isRefused = true
    events.unheard()
  }

  void open()
  return {
    peer,
    connection,
    abort,
    get alive() {
      return alive
    },
    get cut() {
      return cut
    },
    get age() {
      return age
    },
    tick(late) {
      age++
      if (!heard && !late) missed++
      heard = false
      if (missed >= maxMissed) return abort('no answer to pings')
      if (!stream) return
      try {
        stream.send(ping)
      } catch {
        abort('the ping stream was closed')
      }
    },
  }
}

/** Answers the pings of the other side, byte for byte. */
export function answerPings(stream: Stream): void {
  // one byte every two seconds: who sends more than this without reading the answers is cut off
  stream.maxWriteBufferLength = 64 * 1024
  stream.addEventListener('message', event => {
    try {
      stream.send(event.data)
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  })
}

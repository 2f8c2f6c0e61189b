/** Messages on a stream: a length (u32, big-endian), then as many bytes. */
import type { Stream, StreamMessageEvent } from '@libp2p/interface'

const headBytes = 4

export function frame(bytes: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(headBytes + bytes.length)
  framed.writeUInt32BE(bytes.length)
  framed.set(bytes, headBytes)
  return framed
}

/**
 * Cuts a byte stream into frames. The returned function takes the next chunk; it throws when a frame says it is longer
 * than `maxBytes`, at once, and must not be called again then.
 */
export function createFrameReader(maxBytes: number, onFrame: (bytes: Uint8Array) => void): (chunk: Uint8Array) => void {
  let chunks: Uint8Array[] = []
  let held = 0
  let wanted = headBytes

  return chunk => {
    chunks.push(chunk)
    held += chunk.length
    while (held >= wanted) {
      const all = Buffer.concat(chunks)
      const length = all.readUInt32BE()
      if (length > maxBytes) throw new Error(`a frame of ${length} bytes exceeds the limit of ${maxBytes}`)
      wanted = headBytes + length
      if (held < wanted) {
        chunks = [all]
        return
      }
      const bytes = new Uint8Array(all.subarray(headBytes, wanted))
      chunks = [all.subarray(wanted)]
      held -= wanted
      wanted = headBytes
      onFrame(bytes)
    }
  }
}

/** Calls `onFrame` for each frame of `stream`. A frame that is too long ends the stream. */
export function readFrames(stream: Stream, maxBytes: number, onFrame: (bytes: Uint8Array) => void): void {
  const read = createFrameReader(maxBytes, onFrame)
  const onMessage = (event: StreamMessageEvent) => {
    try {
      read(event.data.subarray())
    } catch (error) {
      stream.removeEventListener('message', onMessage)
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
  stream.addEventListener('message', onMessage)
}

/** The first frame of `stream`. Rejects when the stream ends before it is whole, or when it is too long. */
export function readFrame(stream: Stream, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the stream ended before a whole message'))
    stream.addEventListener('end', ended, { once: true })
    stream.addEventListener('close', event => reject(event.error ?? new Error('the stream was closed')), { once: true })
    readFrames(stream, maxBytes, resolve)
    if (stream.readableEnded) ended()
  })
}

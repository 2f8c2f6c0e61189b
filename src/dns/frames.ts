/** Messages on a stream, each after its length in two bytes (RFC 1035, 4.2.2). */

export interface Frames {
  /** Messages that this chunk completes. Holds back one unfinished message, 64 KB at most. */
  push(chunk: Buffer): Buffer[]
}

export function createFrames(): Frames {
  let rest: Buffer = Buffer.alloc(0)
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const messages: Buffer[] = []
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const end = 2 + rest.readUInt16BE(0)
        messages.push(rest.subarray(2, end))
        rest = rest.subarray(end)
      }
      return messages
    },
  }
}

/** A message with its length before it; it has 65,535 bytes at most. */
export function frame(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

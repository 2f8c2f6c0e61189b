/**
 * Reads untrusted CBOR in one pass, and nothing but what cbor.ts writes: limits and types are checked before anything is
 * made of them. A reader of our own, because a general one first makes maps, dates, sets and regular expressions of a
 * stranger's bytes, which then have to be looked for, and takes three times as long for a record.
 */
import type { Plain } from './cbor.ts'

/** Depth of nesting that a decoded value may have; the deepest record (a block's transfers) needs 5. */
const maxDepth = 12

/** How a byte string leaves the message: as a copy, as a part of it, or as hex. */
export type Take = (message: Buffer, from: number, to: number) => Uint8Array | string

// RFC 8949: the major types that are read, in the three high bits of the first byte of an item
const [unsigned, negative, byteString, textString, array, simple] = [0, 1, 2, 3, 4, 7]
const simples: Readonly<Record<number, Plain>> = { 20: false, 21: true, 22: null }

export class CborReader {
  readonly #bytes: Uint8Array
  /** The same bytes: what Node makes texts of. */
  readonly #texts: Buffer
  readonly #take: Take
  readonly #hasTexts: boolean
  #at = 0

  /** @param hasTexts false to read texts as null */
  constructor(bytes: Uint8Array, take: Take, hasTexts: boolean) {
    this.#hasTexts = hasTexts
    this.#bytes = bytes
    this.#texts = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#take = take
  }

  /** The one item that the message is. Throws if it is anything else. */
  whole(): Plain {
    const value = this.#item(0)
    if (this.#at !== this.#bytes.length) throw new Error('message goes on behind its end')
    return value
  }

  #item(depth: number): Plain {
    if (depth > maxDepth) throw new Error('message is nested too deeply')
    const head = this.#bytes[this.#skip(1)] as number
    const info = head & 31
    switch (head >> 5) {
      case unsigned:
        return this.#argument(info)
      case negative:
        return -1 - this.#argument(info)
      case byteString: {
        const from = this.#skip(this.#argument(info))
        return this.#take(this.#texts, from, this.#at)
      }
      case textString: {
        const from = this.#skip(this.#argument(info))
        return this.#hasTexts ? this.#texts.toString('utf8', from, this.#at) : null
      }
      case array:
        return this.#items(this.#argument(info), depth + 1)
      case simple:
        return this.#simple(info)
      default:
        throw unexpected()
    }
  }

  #items(count: number, depth: number): Plain[] {
    // grows with what is there, whatever length a stranger says
    const items: Plain[] = []
    for (let at = 0; at < count; at++) items.push(this.#item(depth))
    return items
  }

  /** Numbers beyond 32 bits are doubles. */
  #simple(info: number): Plain {
    if (info === 27) {
      const from = this.#skip(8)
      const value = this.#texts.readDoubleBE(from)
      if (Number.isFinite(value)) return value
    }
    const value = simples[info]
    if (value === undefined) throw unexpected()
    return value
  }

  /** An integer, or a length: of the first byte itself, or of the one, two or four bytes behind it. */
  #argument(info: number): number {
    if (info < 24) return info
    if (info > 26) throw unexpected()
    const length = 1 << (info - 24)
    let at = this.#skip(length)
    let value = 0
    for (; at < this.#at; at++) value = value * 256 + (this.#bytes[at] as number)
    return value
  }

  /** Goes on by so many bytes, which must be there; gives where they begin. */
  #skip(count: number): number {
    const from = this.#at
    if (count > this.#bytes.length - from) throw new Error('message ends too early')
    this.#at = from + count
    return from
  }
}

function unexpected(): Error {
  return new Error('message holds a value of an unexpected type')
}

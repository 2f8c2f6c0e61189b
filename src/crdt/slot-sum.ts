/** Sum of 256-bit hashes modulo 2^256: in whatever order they are added and subtracted, one set has one sum. */
import { toHex } from '../lib/bytes.ts'

const words = 8

export class SlotSum {
  /** Most significant word first. */
  readonly #words = new Uint32Array(words)

  /** @param hash 32 bytes, each a character */
  add(hash: string): void {
    let carry = 0
    for (let at = words - 1; at >= 0; at--) {
      const sum = (this.#words[at] ?? 0) + wordAt(hash, at) + carry
      this.#words[at] = sum
      carry = sum > 0xffffffff ? 1 : 0
    }
  }

  /** @param hash the same, of what was added */
  subtract(hash: string): void {
    let borrow = 0
    for (let at = words - 1; at >= 0; at--) {
      const difference = (this.#words[at] ?? 0) - wordAt(hash, at) - borrow
      this.#words[at] = difference
      borrow = difference < 0 ? 1 : 0
    }
  }

  /** 64 digits. */
  hex(): string {
    const bytes = Buffer.alloc(words * 4)
    for (const [at, word] of this.#words.entries()) bytes.writeUInt32BE(word, at * 4)
    return toHex(bytes)
  }
}

function wordAt(hash: string, at: number): number {
  const from = at * 4
  const low = (hash.charCodeAt(from + 1) << 16) | (hash.charCodeAt(from + 2) << 8) | hash.charCodeAt(from + 3)
  return hash.charCodeAt(from) * 0x1000000 + low
}

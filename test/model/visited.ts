/** A set of 64-bit hashes in typed arrays: about 24 bytes a member, with the member each was reached from. */
export class Visited {
  #low = new Uint32Array(1 << 12)
  #high = new Uint32Array(1 << 12)
  #from = new Int32Array(1 << 12)
  #slots = new Uint32Array(1 << 13)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The new member's index, or −1 if it was there. */
  add(key: string, from: number): number {
    const [low, high] = hashOf(key)
    const mask = this.#slots.length - 1
    let slot = low & mask
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const index = (this.#slots[slot] as number) - 1
      if (this.#low[index] === low && this.#high[index] === high) return -1
    }
    const index = this.#size++
    if (index === this.#low.length) this.#grow()
    this.#low[index] = low
    this.#high[index] = high
    this.#from[index] = from
    this.#slots[slot] = index + 1
    if (this.#size * 2 > this.#slots.length) this.#rehash()
    return index
  }

  /** Hashes from the first member to this one. */
  pathTo(index: number): string[] {
    const path: string[] = []
    for (let at = index; at >= 0; at = this.#from[at] as number) path.unshift(`${this.#low[at]},${this.#high[at]}`)
    return path
  }

  static hash(key: string): string {
    return hashOf(key).join(',')
  }

  #grow(): void {
    const length = this.#low.length * 2
    this.#low = longer(this.#low, new Uint32Array(length))
    this.#high = longer(this.#high, new Uint32Array(length))
    this.#from = longer(this.#from, new Int32Array(length))
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let index = 0; index < this.#size; index++) {
      let slot = (this.#low[index] as number) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = index + 1
    }
    this.#slots = slots
  }
}

function longer<T extends Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

/** Two multiply-and-rotate hashes over the characters, mixed at the end. */
function hashOf(key: string): [low: number, high: number] {
  let a = 0x9747b28c
  let b = 0x3c6ef372
  for (let i = 0; i < key.length; i++) {
    const c = key.charCodeAt(i)
    a = Math.imul(a ^ c, 0xcc9e2d51)
    a = (a << 13) | (a >>> 19)
    b = Math.imul(b ^ (c + 0x7f4a7c15), 0x1b873593)
    b = (b << 15) | (b >>> 17)
  }
  return [mix(a ^ (b >>> 3)), mix(b + Math.imul(a, 0x85ebca6b))]
}

function mix(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

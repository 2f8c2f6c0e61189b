/** The bytes of a file: those that a process sees, and how many of them survive the loss of power. */
export class VirtualFile {
  #buffer = new Uint8Array(1024)
  #length = 0
  #durable = 0

  constructor(bytes?: Uint8Array) {
    if (!bytes) return
    this.append(bytes)
    this.#durable = bytes.length
  }

  get length(): number {
    return this.#length
  }

  /** A copy of what is read. */
  bytes(from = 0, count = this.#length): Uint8Array {
    return this.#buffer.slice(Math.min(from, this.#length), Math.min(from + count, this.#length))
  }

  /** A copy of what survives for sure. */
  durableBytes(): Uint8Array {
    return this.#buffer.slice(0, this.#durable)
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(2 * length)
      larger.set(this.#buffer.subarray(0, this.#length))
      this.#buffer = larger
    }
    this.#buffer.set(bytes, this.#length)
    this.#length = length
  }

  /** The first `length` bytes are on the disk. */
  sync(length: number): void {
    this.#durable = Math.max(this.#durable, Math.min(length, this.#length))
  }

  truncate(length: number, isDurable: boolean): void {
    this.#length = Math.min(this.#length, length)
    this.#durable = Math.min(isDurable ? this.#length : this.#durable, this.#length)
  }

  /**
   * The power goes: of `unsynced` bytes the first `kept(unsynced)` reach the disk, of which `hole` may say a part that did
   * not: pages are written in any order.
   */
  losePower(
    kept: (unsynced: number) => number,
    hole: (length: number) => [from: number, to: number] | undefined,
  ): void {
    const unsynced = this.#length - this.#durable
    if (unsynced > 0) {
      const length = kept(unsynced)
      const missing = length > 1 ? hole(length) : undefined
      if (missing) this.#buffer.fill(0, this.#durable + missing[0], this.#durable + Math.min(missing[1], length))
      this.#length = this.#durable + length
    }
    this.#durable = this.#length
  }
}

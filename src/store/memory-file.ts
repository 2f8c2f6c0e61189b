/** What a file of the memory disk holds, in a room that doubles when it is full: copied at each append, a journal would cost the square of its length. */
export class MemoryFile {
  #room: Uint8Array
  length: number
  /** This many bytes survive a crash. */
  durable: number

  constructor(bytes: Uint8Array = new Uint8Array()) {
    this.#room = bytes.slice()
    this.length = bytes.length
    this.durable = bytes.length
  }

  /** A copy. */
  slice(from = 0, to = this.length): Uint8Array {
    return this.#room.slice(from, Math.min(to, this.length))
  }

  append(bytes: Uint8Array): void {
    const length = this.length + bytes.length
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#room.length))
      room.set(this.#room.subarray(0, this.length))
      this.#room = room
    }
    this.#room.set(bytes, this.length)
    this.length = length
  }

  /** What is left of it is durable. */
  cut(length: number): void {
    this.length = Math.min(length, this.length)
    this.durable = this.length
  }
}

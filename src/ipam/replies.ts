/** What was given to whom: the same request, told by its nonce, because the reply was lost, gives once. */

/** One per asker and thing asked for. */
const maxReplies = 4096

export class Replies<T> {
  readonly #replies = new Map<string, { nonce: number; given: Promise<T> }>()

  /**
   * What `give` gave to the last request of the asker, if it was this one, else what it gives now.
   *
   * @param stands false of what is no answer any more: nothing was given, or the asker has passed it on. @default all stands
   */
  async once(
    asker: string,
    nonce: number,
    give: () => Promise<T>,
    stands: (given: T) => boolean = () => true,
  ): Promise<T> {
    const before = this.#replies.get(asker)
    if (before?.nonce !== nonce) return this.#give(asker, nonce, give)
    const given = await before.given
    if (stands(given)) return given
    // of several that wait here the first gives anew
    return this.#replies.get(asker) === before ? this.#give(asker, nonce, give) : this.once(asker, nonce, give, stands)
  }

  #give(asker: string, nonce: number, give: () => Promise<T>): Promise<T> {
    const given = give()
    this.#replies.delete(asker)
    this.#replies.set(asker, { nonce, given })
    given.catch(() => this.#replies.delete(asker)) // a failure is for this request's asker, not for its next attempt
    for (const oldest of this.#replies.keys()) {
      if (this.#replies.size <= maxReplies) break
      this.#replies.delete(oldest)
    }
    return given
  }
}

/** What was given to whom: the same request, told by its nonce, because the reply was lost, gives once. */

/** One per asker and thing asked for. */
const maxReplies = 4096

export class Replies<T> {
  readonly #replies = new Map<string, { nonce: number; given: Promise<T> }>()

  /** What `give` gave to the last request of the asker, if it was this one, else what it gives now. */
  once(asker: string, nonce: number, give: () => Promise<T>): Promise<T> {
    const before = this.#replies.get(asker)
    if (before?.nonce === nonce) return before.given
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

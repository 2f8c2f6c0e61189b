/** Nobody writes without end. What is owed once and never counts as done would fill the disk; that virtual time goes on meanwhile ends no test. */

const windowMs = 1000
/** Of one host within a window; a start that registers what runs there writes some tens. */
const most = 300

export class Pace {
  /** Virtual ms, ascending. */
  #writes: number[] = []

  /** A host writes. True if that is too much. */
  isTooMuch(nowMs: number): boolean {
    this.#writes.push(nowMs)
    if (this.#writes.length <= most) return false
    const oldestMs = this.#writes.shift() ?? 0
    return nowMs - oldestMs < windowMs
  }
}

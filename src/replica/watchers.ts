/** Those who are told of each change of the view. */
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'

export class Watchers {
  readonly #view: RegistryView
  readonly #clock: Clock
  readonly #log: Logger
  readonly #listeners = new Set<() => void>()

  constructor(view: RegistryView, clock: Clock, log: Logger) {
    this.#view = view
    this.#clock = clock
    this.#log = log
  }

  add(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves once `test(view)` holds, rejects after `limitMs`. */
  waitFor(test: (view: RegistryView) => boolean, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (test(this.#view)) return resolve()
      const end = () => {
        timer.cancel()
        unsubscribe()
      }
      const unsubscribe = this.add(() => {
        try {
          if (!test(this.#view)) return
          end()
          resolve()
        } catch (error) {
          end()
          reject(error)
        }
      })
      const timer = this.#clock.after(limitMs, () => {
        unsubscribe()
        reject(new SkeinError('timeout', `did not happen within ${limitMs} ms`))
      })
    })
  }

  notify(): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        // a listener's failure is its own: this turn's write or receipt must be finished
        this.#log.error({ err: errorText(error) }, 'a listener failed')
      }
    }
  }
}

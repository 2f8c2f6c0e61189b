/**
 * Virtual time: events happen in the order of their times, then of their making. Between two events all promises that can
 * settle do: the code under test waits for nothing but promises and this clock, so the order is the same in every run.
 */
import type { Clock, Timer } from '../../src/lib/clock.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  action: (() => void) | undefined
}

/** What a process is to its events: once it is dead nothing of it happens any more. */
export interface Life {
  alive: boolean
}

export class VirtualTime {
  /** Milliseconds since the simulation began. */
  nowMs = 0
  /** Events that have happened. */
  step = 0
  readonly #heap: Event[] = []
  #made = 0

  /** Calls `action` in `delayMs`, unless `life` has ended by then. */
  after(delayMs: number, action: () => void, life?: Life): Timer {
    const guarded = life ? () => life.alive && action() : action
    const event: Event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#made++, action: guarded }
    this.#push(event)
    return {
      cancel: () => {
        event.action = undefined
      },
    }
  }

  sleep(delayMs: number, life?: Life): Promise<void> {
    return new Promise(resolve => {
      this.after(delayMs, resolve, life)
    })
  }

  /** Runs events until `isOver`; `afterEach` follows each event once its promises have settled. */
  async run(isOver: () => boolean, afterEach: () => void): Promise<void> {
    await settled()
    while (!isOver()) {
      const event = this.#pop()
      if (!event) throw new Error('nothing will ever happen again')
      if (!event.action) continue
      this.nowMs = event.atMs
      this.step++
      event.action()
      await settled()
      afterEach()
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!first || !last || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right && isBefore(right, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
    return first
  }
}

/** All promises that can settle have: their callbacks run before the event loop comes to this. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** Wall clock at the beginning of every simulation, ms: some day in 2027. */
const epochMs = 1_800_000_000_000

/** The clock of one process. Its monotonic clock starts with it; its wall clock is off by `skewMs()`. */
export function processClock(time: VirtualTime, life: Life, skewMs: () => number): Clock {
  const startedMs = time.nowMs
  return {
    now: () => epochMs + Math.floor(time.nowMs + skewMs()),
    monotonic: () => time.nowMs - startedMs,
    after: (delayMs, callback) => time.after(delayMs, callback, life),
  }
}

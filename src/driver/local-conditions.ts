/** Standing problems of this host, found anew by each pass and logged when they appear or change. */
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'

export interface LocalCondition {
  /** What of Docker it is about: the first word of its subject. */
  readonly kind: string
  readonly text: string
  readonly remedy: string
  /** Wall clock. */
  readonly sinceMs: number
}

export interface LocalConditions {
  /** Starts a pass: what is not reported until `finish` is over. */
  begin(): void
  report(subject: string, text: string, remedy: string): void
  /** Something that has happened: shown until `isOver`, an hour at most. */
  keep(subject: string, text: string, remedy: string, isOver: () => boolean): void
  finish(): void
  list(): LocalCondition[]
}

/** Long enough to be read by who caused it, ms. */
const keepMs = 3_600_000

interface Kept extends LocalCondition {
  readonly untilMs: number
  isOver(): boolean
}

export function createLocalConditions(log: Logger, clock: Clock): LocalConditions {
  const kept = new Map<string, Kept>()
  let current = new Map<string, LocalCondition>()
  let found = new Map<string, LocalCondition>()

  function report(subject: string, text: string, remedy: string): void {
    const sinceMs = current.get(subject)?.sinceMs ?? clock.now()
    found.set(subject, { kind: `docker-${subject.split(' ')[0]}`, text, remedy, sinceMs })
    if (current.get(subject)?.text !== text)
      log.warn({ subject, reason: text, remedy }, 'Docker is not as it should be')
  }

  return {
    begin() {
      found = new Map()
      for (const [subject, { untilMs, isOver, ...condition }] of kept) {
        if (isOver() || clock.monotonic() > untilMs) kept.delete(subject)
        else found.set(subject, condition)
      }
    },
    report,
    keep(subject, text, remedy, isOver) {
      report(subject, text, remedy)
      const condition = found.get(subject)
      if (!condition) return
      kept.set(subject, { ...condition, isOver, untilMs: clock.monotonic() + keepMs })
      // it has happened: whoever sees what comes of it, a network made again, finds the reason too, before the pass ends
      current.set(subject, condition)
    },
    finish() {
      for (const subject of current.keys())
        if (!found.has(subject)) log.info({ subject }, 'Docker is as it should be again')
      current = found
    },
    list: () => [...current.values()],
  }
}

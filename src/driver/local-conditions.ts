/** Standing problems of this host, found anew by each pass and logged when they appear or change. */
import type { Logger } from '../lib/log.ts'

export interface LocalCondition {
  readonly text: string
  readonly remedy: string
}

export interface LocalConditions {
  /** Starts a pass: what is not reported until `finish` is over. */
  begin(): void
  report(subject: string, text: string, remedy: string): void
  finish(): void
  list(): LocalCondition[]
}

export function createLocalConditions(log: Logger): LocalConditions {
  let current = new Map<string, LocalCondition>()
  let found = new Map<string, LocalCondition>()
  return {
    begin() {
      found = new Map()
    },
    report(subject, text, remedy) {
      found.set(subject, { text, remedy })
      if (current.get(subject)?.text !== text)
        log.warn({ subject, reason: text, remedy }, 'Docker is not as it should be')
    },
    finish() {
      for (const subject of current.keys())
        if (!found.has(subject)) log.info({ subject }, 'Docker is as it should be again')
      current = found
    },
    list: () => [...current.values()],
  }
}

/** The log of a process, told to the history. An error in the log of a process that lives is a finding. */
import { pino } from 'pino'
import type { Logger } from '../../src/lib/log.ts'

export function simLogger(
  level: 'debug' | 'warn',
  tell: (text: string) => void,
  isError: (text: string) => void,
): Logger {
  const errorLevel = pino.levels.values.error ?? Number.POSITIVE_INFINITY
  const write = (line: string) => {
    const { level: severity, msg, ...fields } = JSON.parse(line)
    const text = `${msg} ${JSON.stringify(fields)}`
    tell(`log: ${text}`)
    if (severity >= errorLevel) isError(text)
  }
  return pino({ level, base: null, timestamp: false }, { write })
}

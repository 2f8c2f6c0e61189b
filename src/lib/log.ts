/** Logging: pino, one child per component. A message is a constant; what varies goes into fields. */
import { type Logger, pino } from 'pino'

export type { Logger }

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime })
}

/** For tests and the simulator. */
export const silentLogger: Logger = pino({ level: 'silent' })

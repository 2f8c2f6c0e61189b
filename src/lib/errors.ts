/**
 * The one error table. A `SkeinError` names its cause and the next command to type, on one line; `code` decides the
 * HTTP status of the API and the exit code of the CLI. Docker handlers always answer 500 (docs/reference/docker.md).
 */
export const errorTable = {
  invalid: { status: 400, exit: 3 },
  'not-found': { status: 404, exit: 4 },
  conflict: { status: 409, exit: 5 },
  'in-use': { status: 409, exit: 5 },
  exhausted: { status: 409, exit: 5 },
  forbidden: { status: 403, exit: 6 },
  unavailable: { status: 503, exit: 7 },
  timeout: { status: 504, exit: 7 },
  unsupported: { status: 501, exit: 3 },
  unreachable: { status: 502, exit: 7 },
  usage: { status: 400, exit: 2 },
  // its service is not started again: it would end the same way
  damaged: { status: 500, exit: 8 },
  internal: { status: 500, exit: 1 },
} as const

export type ErrorCode = keyof typeof errorTable

/** Every refusal that a user can see. `message` is one line: the cause, then what to do. */
export class SkeinError extends Error {
  override readonly name = 'SkeinError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message.replaceAll(/\s*\n\s*/g, ' '), options)
    this.code = code
  }

  /** HTTP status of the management API for this error. */
  get status(): number {
    return errorTable[this.code].status
  }

  /** Exit code of the CLI for this error. */
  get exitCode(): number {
    return errorTable[this.code].exit
  }
}

/** One line for people, whatever was thrown. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replaceAll(/\s*\n\s*/g, ' ').trim()
}

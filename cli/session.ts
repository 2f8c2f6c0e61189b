/** What every command needs: where to print, whom to ask, and how this program talks. */
import { errorText, SkeinError } from '../src/lib/errors.ts'
import { type Client, createClient, type Reply } from './client.ts'
import { reportReach } from './reach.ts'
import { findTarget } from './target.ts'

export type ProgramName = 'skein' | 'netctl'
export type Environment = Readonly<Record<string, string | undefined>>

export interface Io {
  stdout(text: string): void
  stderr(text: string): void
  /** All of standard input. */
  stdin(): Promise<string>
}

/** What a write is reported with. */
export interface WriteReport {
  /** skein's line on stdout. */
  skein: string
  /** netctl's line, on stderr; '' for silence. */
  netctl: string
  /** skein: wait until every member within reach has it. */
  wait?: boolean | undefined
}

export interface Session {
  readonly name: ProgramName
  readonly io: Io
  /** Made when it is first needed, so that help needs no valid host. */
  client(): Client
  /** Of a member, reached through that one. */
  clientOf(member: string): Client
  /** One line of data. */
  print(line: string): void
  /** Data as indented JSON. */
  printJson(value: unknown): void
  /** One line of talk, on stderr. */
  note(line: string): void
  /** One line for an error, on stderr. */
  fail(text: string): void
  /** Confirms a write and (skein) says how many members have it; throws `timeout` when waiting was in vain. */
  confirm(reply: Reply, report: WriteReport): Promise<void>
}

/** logrus pads messages to 40 columns and a blank: the tutorial's lines end so. */
const logrusWidth = 41

export function createSession(
  name: ProgramName,
  io: Io,
  env: Environment,
  options: () => { host?: string; netmaster?: string },
): Session {
  let client: Client | undefined
  const session: Session = {
    name,
    io,
    client() {
      client ??= createClient(findTarget(options(), env))
      return client
    },
    clientOf: member => createClient(findTarget({ ...options(), host: member }, env)),
    print: line => io.stdout(`${line}\n`),
    printJson: value => io.stdout(`${JSON.stringify(value, null, 2)}\n`),
    note: line => io.stderr(`${line}\n`),
    fail: text => io.stderr(name === 'netctl' ? `ERRO[0000] ${errorText(text)}\n` : `Error: ${errorText(text)}\n`),
    async confirm(reply, report) {
      if (name === 'netctl') {
        if (report.netctl) io.stderr(`INFO[0000] ${report.netctl.padEnd(logrusWidth)}\n`)
        return
      }
      session.print(report.skein)
      if (reply.dot) await reportReach(session, reply.dot, report.wait ?? false)
    },
  }
  return session
}

/** Fails if the tenant of a listing is unknown: that is an error, not an empty list. netctl says it in Contiv's words. */
export async function requireTenant(session: Session, options: { tenant: string; all?: boolean }): Promise<void> {
  if (options.all) return
  try {
    await session.client().get(`/api/v1/tenants/${encodeURIComponent(options.tenant)}/`)
  } catch (error) {
    if (session.name !== 'netctl' || !(error instanceof SkeinError) || error.code !== 'not-found') throw error
    throw new SkeinError('not-found', `tenant not found: ${options.tenant}; see: netctl tenant ls`)
  }
}

/** `version`. */
import type { Command } from 'commander'
import type { VersionJson } from '../src/api/types.ts'
import { errorText } from '../src/lib/errors.ts'
import { buildInfo } from './build-info.ts'
import type { Session } from './session.ts'

export function addVersionCommand(program: Command, session: Session): void {
  program
    .command('version')
    .description('print the versions of client and server')
    .action(async () => {
      const { version, gitCommit, buildTime } = buildInfo
      const client = block('Client', { Version: version, GitCommit: gitCommit, BuildTime: buildTime })
      if (session.name === 'netctl') return sayAsContiv(session, client)
      session.io.stdout(client)
      session.io.stdout(`\n${await serverBlock(session)}`)
    })
}

/** Contiv's netctl says nothing of itself without a server, and takes that for no failure; the cause is said all the same. */
async function sayAsContiv(session: Session, client: string): Promise<void> {
  try {
    session.io.stdout(`${client}\n${await serverBlock(session)}`)
  } catch (error) {
    session.print('Unable to fetch version information')
    session.fail(errorText(error))
  }
}

async function serverBlock(session: Session): Promise<string> {
  return block('Server', await session.client().get<VersionJson>('/version'))
}

function block(side: string, { Version, GitCommit, BuildTime }: VersionJson): string {
  return `${side} Version:\nVersion: ${Version}\nGitCommit: ${GitCommit}\nBuildTime: ${BuildTime}\n`
}

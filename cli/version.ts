/** `version`. */
import type { Command } from 'commander'
import type { VersionJson } from '../src/api/types.ts'
import { buildInfo } from './build-info.ts'
import type { Session } from './session.ts'

export function addVersionCommand(program: Command, session: Session): void {
  program
    .command('version')
    .description('print the versions of client and server')
    .action(async () => {
      const { version, gitCommit, buildTime } = buildInfo
      session.io.stdout(block('Client', { Version: version, GitCommit: gitCommit, BuildTime: buildTime }))
      const server = await session.client().get<VersionJson>('/version')
      session.io.stdout(`\n${block('Server', server)}`)
    })
}

function block(side: string, { Version, GitCommit, BuildTime }: VersionJson): string {
  return `${side} Version:\nVersion: ${Version}\nGitCommit: ${GitCommit}\nBuildTime: ${BuildTime}\n`
}

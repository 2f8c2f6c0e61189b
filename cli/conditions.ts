/** `conditions`: standing problems, each with what resolves it. */
import type { Command } from 'commander'
import type { ConditionJson } from '../src/api/types.ts'
import type { Session } from './session.ts'

export function addConditionsCommand(program: Command, session: Session): void {
  program
    .command('conditions')
    .description('standing problems of the mesh, the same on every host, and of this host')
    .option('-j, --json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const conditions = await session.client().get<ConditionJson[]>('/api/v1/conditions')
      if (json) session.printJson(conditions)
      else session.io.stdout(conditionsText(conditions))
    })
}

export function conditionsText(conditions: readonly ConditionJson[]): string {
  if (conditions.length === 0) return 'no conditions\n'
  return conditions
    .map(({ kind, text, remedy, since, host }) => {
      const where = host ? `host ${host}` : 'mesh'
      return `! ${text}\n  ${remedy}\n  ${kind}, ${where}${since ? `, since ${since}` : ''}\n`
    })
    .join('')
}

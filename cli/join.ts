/** `join TOKEN`. */
import type { Command } from 'commander'
import type { JoinJson } from '../src/api/types.ts'
import type { Session } from './session.ts'

export function addJoinCommand(program: Command, session: Session): void {
  program
    .command('join')
    .argument('<token>', 'what peer invite printed on a member')
    .description('let the running skeind join a mesh; it must hold no tenant or network yet, or have been removed')
    .action(async (token: string) => {
      const { body } = await session.client().send<JoinJson>('POST', '/api/v1/join', { token })
      session.print(`joined mesh ${body.meshId}, ${body.members} members`)
      session.note(`see who has acknowledged it with: ${session.name} peer ls`)
    })
}

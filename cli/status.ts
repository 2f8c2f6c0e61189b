/** `status`: this peer and its mesh on one screen. */
import type { Command } from 'commander'
import type { StatusJson } from '../src/api/types.ts'
import { shortKey, stateText } from './peer.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

export function addStatusCommand(program: Command, session: Session): void {
  program
    .command('status')
    .description('this peer and its mesh')
    .option('-j, --json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const status = await session.client().get<StatusJson>('/api/v1/status')
      if (options.json) session.printJson(status)
      else session.io.stdout(statusText(status))
    })
}

export function statusText(status: StatusJson): string {
  const { self, members, docker, datapath } = status
  const others = members.filter(member => member.key !== self.key)
  const lines = [
    ['peer', `${self.name} (${self.key.slice(0, shortKey)}), ${stateText(self)}, version ${status.version}`],
    ['mesh', `${status.meshId}: ${members.length} members, ${connectedText(others)}`],
    ['registry', `digest ${status.digest.slice(0, 16)}, ${status.records} records, ${status.networks} networks`],
    ...status.draining.map(key => ['draining', `${key}: deleted, but a container is still on it`]),
    ['docker', docker.reachable ? 'reachable' : `not reachable: ${docker.error}`],
    ['datapath', datapath.errors.length > 0 ? 'with errors' : `in order, ${datapath.repaired} repairs since the start`],
    ...datapath.errors.map(error => ['', error]),
  ]
  const rows = members.map(member => [
    member.name,
    member.key.slice(0, shortKey),
    member.settled ? 'settled' : 'pending',
    member.key === self.key ? 'self' : member.connected ? 'yes' : 'no',
    syncText(member, member.key === self.key),
  ])
  const conditions = status.conditions.map(({ scope, text, remedy }) => `! ${text} (${scope})\n  ${remedy}\n`)
  return [
    table(lines),
    '\n',
    table([['MEMBER', 'KEY', 'STATE', 'CONNECTED', 'SYNC'], ...rows]),
    '\n',
    conditions.length > 0 ? conditions.join('') : 'no conditions\n',
  ].join('')
}

function connectedText(others: StatusJson['members']): string {
  const away = others.filter(member => !member.connected).map(member => member.name)
  return away.length > 0 ? `out of reach: ${away.join(', ')}` : 'all within reach'
}

function syncText(member: StatusJson['members'][number], self: boolean): string {
  if (self) return '-'
  if (!member.connected) return 'unknown'
  return member.behind ? 'behind' : 'equal'
}

/** `status`: this peer and its mesh on one screen. */
import type { Command } from 'commander'
import type { MemberStatusJson, StatusJson } from '../src/api/types.ts'
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
    ...status.collectionWaitsFor.map(member => ['kept', waitText(member)]),
    ['docker', docker.reachable ? 'reachable' : `not reachable: ${docker.error}`],
    ['datapath', datapath.errors.length > 0 ? 'with errors' : `in order, ${datapath.repaired} repairs since the start`],
    ...datapath.errors.map(error => ['', error]),
    ...datapath.unreachable.map(member => ['no path', pathText(status, member)]),
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

function waitText({ name, forMs }: StatusJson['collectionWaitsFor'][number]): string {
  const away = forMs === undefined ? 'not heard of since the start' : `away for ${ageText(forMs)}`
  return `deleted records, until ${name} is back or removed: ${away}`
}

/** A member that the mesh does not reach either needs another remedy than one whose firewall lets TCP alone pass. */
function pathText({ self, members }: StatusJson, { name, key, forMs }: StatusJson['datapath']['unreachable'][number]) {
  const cause = `${self.name} <-> ${name}: VXLAN is not answered for ${ageText(forMs)}`
  if (!members.some(member => member.key === key && member.connected)) {
    return `${cause}, and the mesh does not reach it: see that ${name} is up`
  }
  return `${cause}: let it pass both ways (UDP port 7374 unless --vxlan-port is set), then run this on ${name}`
}

function connectedText(others: StatusJson['members']): string {
  const away = others.filter(member => !member.connected).map(member => member.name)
  return away.length > 0 ? `out of reach: ${away.join(', ')}` : 'all within reach'
}

function syncText(member: MemberStatusJson, self: boolean): string {
  if (self) return '-'
  const ago = member.syncedMsAgo === undefined ? 'never compared' : `${ageText(member.syncedMsAgo)} ago`
  if (!member.connected) return member.syncedMsAgo === undefined ? 'unknown' : `unknown (${ago})`
  return `${member.behind ? 'behind' : 'equal'} (${ago})`
}

/** `0 s`, `59 s`, `3 m`, `5 h`, `2 d`: whole ones. */
function ageText(ms: number): string {
  const units: [perUnit: number, name: string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
  ]
  const [size, name] = units.find(([perUnit]) => ms >= perUnit) ?? [1000, 's']
  return `${Math.floor(ms / size)} ${name}`
}

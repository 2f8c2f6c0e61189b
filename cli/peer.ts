/** `peer ls|rm|drain|leave|rejoin|invite`. */
import type { Command } from 'commander'
import type {
  InviteJson,
  JoinJson,
  PeerDrainJson,
  PeerJson,
  RejoinJson,
  RemovalJson,
  RemoveRequest,
} from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'
import { parseDuration } from './duration.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

/** Hex digits of a key that tell peers apart for people. */
export const shortKey = 12

export function addPeerCommands(program: Command, session: Session): void {
  const peer = program.command('peer').description('the hosts of the mesh')
  peer
    .command('ls')
    .alias('list')
    .description('list the members of the mesh')
    .option('-j, --json', 'as JSON')
    .option('-q, --quiet', 'names only')
    .action((options: { json?: boolean; quiet?: boolean }) => listPeers(session, options))
  peer
    .command('rm <peers...>')
    .description('remove hosts from the mesh, once every other host has acknowledged it')
    .option('--host-is-down', 'they are switched off and stay so: their addresses come free')
    .option('--key-is-lost', 'this host was made anew in their place: no machine has their data directories any more')
    .option('--and-who-joined-through-it', 'so is every host that joined through them and is not listed here')
    .option('--cancel', 'lift a removal that is pending, on the host where it was started')
    .option('-j, --json', 'as JSON')
    .action((peers: string[], options: RemoveOptions) => remove(session, peers, options))
  peer
    .command('drain [host]')
    .description('hand the addresses of a host that nobody uses to the others, and wait until they have them')
    .action((host: string | undefined) => drain(session, host))
  peer
    .command('leave')
    .description('take this host out of the mesh: hand its addresses over, then start a mesh of its own')
    .action(() => leave(session))
  peer
    .command('rejoin')
    .description('bring this host back after its data directory was restored: under a new key, with its containers')
    .action(() => rejoin(session))
  peer
    .command('invite')
    .description('print a token that lets a host join; it is redeemed by this host alone')
    .option('--ttl <time>', 'how long it is good for: 90s, 30m, 1h, 7d', '1h')
    .option('--uses <n>', 'how many hosts may join with it', '1')
    .option('-j, --json', 'as JSON')
    .action((options: InviteOptions) => invite(session, options))
}

interface RemoveOptions {
  hostIsDown?: boolean
  keyIsLost?: boolean
  andWhoJoinedThroughIt?: boolean
  cancel?: boolean
  json?: boolean
}

async function remove(session: Session, peers: string[], options: RemoveOptions): Promise<void> {
  const { hostIsDown = false, keyIsLost = false, andWhoJoinedThroughIt = false, cancel = false } = options
  const request: RemoveRequest = { peers, hostIsDown, keyIsLost, andWhoJoined: andWhoJoinedThroughIt, cancel }
  const { body } = await session.client().send<PeerJson[]>('POST', '/api/v1/peers/remove', { ...request })
  if (options.json) return session.printJson(body)
  for (const peer of body) session.print(`${peer.name}: ${stateText(peer)}`)
}

/** Steps that change nothing, until it gives up: what is missing is named then. */
const maxIdleSteps = 5

async function drain(session: Session, host: string | undefined): Promise<void> {
  const client = host === undefined ? session.client() : session.clientOf(host)
  let given = 0
  for (let idle = 0; ; ) {
    const { body } = await client.send<PeerDrainJson>('POST', '/api/v1/peers/drain')
    given += body.given
    const isDone = body.left === 0 && body.waitingFor.length === 0
    if (isDone) {
      session.print(`handed over ${given} blocks and single addresses to ${body.to.join(', ')}`)
      if (body.inUse > 0) session.note(`${body.inUse} blocks stay: addresses in them are in use, or were within 30 s`)
      return
    }
    const behind = body.waitingFor.length > 0 ? `, waiting for ${body.waitingFor.join(', ')}` : ''
    session.note(`${given} handed over, ${body.left === 0 ? 'none' : 'more'} to go${behind}`)
    idle = body.given > 0 ? 0 : idle + 1
    if (idle >= maxIdleSteps) {
      throw new SkeinError('timeout', `not acknowledged${behind}: see skein peer ls, then drain again`)
    }
  }
}

async function leave(session: Session): Promise<void> {
  const ask = () => session.client().send<JoinJson>('POST', '/api/v1/peers/leave')
  // all members have to acknowledge it, which may take longer than one request may
  const { body } = await ask().catch(error => {
    if (!(error instanceof SkeinError) || error.code !== 'timeout') throw error
    session.note(error.message)
    return ask()
  })
  session.print(`left; this host is a mesh of its own now: ${body.meshId}`)
}

async function rejoin(session: Session): Promise<void> {
  const { body } = await session.client().send<RejoinJson>('POST', '/api/v1/peers/rejoin')
  session.print(`back in mesh ${body.meshId} with the key ${body.key.slice(0, shortKey)}, ${body.members} members`)
  session.note(
    `taken for granted: no other machine runs with the former key ${body.former.slice(0, shortKey)}; its removal, see ${session.name} peer ls, ` +
      'frees the addresses that no container uses',
  )
}

async function listPeers(session: Session, options: { json?: boolean; quiet?: boolean }): Promise<void> {
  const peers = await session.client().get<PeerJson[]>('/api/v1/peers')
  if (options.json) session.printJson(peers)
  else if (options.quiet) for (const peer of peers) session.print(peer.name)
  else session.io.stdout(peerTable(peers))
}

export function peerTable(peers: readonly PeerJson[]): string {
  const rows = peers.map(peer => [
    peer.name,
    peer.key.slice(0, shortKey),
    stateText(peer),
    peer.addresses.join(',') || '-',
    viaText(peer),
    peer.self ? 'self' : peer.connected ? 'yes' : 'no',
  ])
  return table([['NAME', 'KEY', 'STATE', 'ADDRESS', 'VIA', 'CONNECTED'], ...rows])
}

/** Who admitted it, and which key it had before. */
function viaText({ admittedBy, succeeds }: PeerJson): string {
  return succeeds === '' ? admittedBy || '-' : `${admittedBy}, was ${succeeds.slice(0, shortKey)}`
}

interface Standing {
  settled: boolean
  waitingFor: readonly string[]
  removal?: RemovalJson
}

/** `settled`, or whom a pending peer waits for before it may hand out addresses. */
export function stateText({ settled, waitingFor, removal }: Standing): string {
  if (removal?.state === 'removed') return 'removed'
  if (removal?.state === 'quarantined') return 'removed, may be running: addresses kept'
  if (removal && removal.waitingFor.length > 0) return `leaving: waits for ${removal.waitingFor.join(', ')}`
  if (removal) return 'leaving'
  if (settled) return 'settled'
  return waitingFor.length > 0 ? `pending: waits for ${waitingFor.join(', ')}` : 'pending'
}

interface InviteOptions {
  ttl: string
  uses: string
  json?: boolean
}

async function invite(session: Session, options: InviteOptions): Promise<void> {
  const ttlMs = parseDuration('--ttl', options.ttl)
  const uses = parseUses(options.uses)
  const { body } = await session.client().send<InviteJson>('POST', '/api/v1/peers/invite', { ttlMs, uses })
  if (options.json) return session.printJson(body)
  session.print(body.token)
  session.note(
    `good ${uses === 1 ? 'once' : `for ${uses} hosts`} within ${options.ttl}; on the new host: skeind --join TOKEN, or if it runs: ${session.name} join TOKEN`,
  )
}

function parseUses(text: string): number {
  const uses = Number(text)
  if (!/^\d+$/.test(text) || uses < 1)
    throw new SkeinError('usage', `--uses ${text}: must be a number of hosts, such as 3`)
  return uses
}

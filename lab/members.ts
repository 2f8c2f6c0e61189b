/** What the peers say of each other, asked over their management API. */
import { SkeinError } from '../src/lib/errors.ts'
import { ask } from './http.ts'
import { pathInNode } from './node.ts'
import { until } from './wait.ts'

/** A member as a peer sees it; the part of `/api/v1/peers` that the lab reads. */
export interface MemberSeen {
  readonly name: string
  readonly settled: boolean
  readonly connected: boolean
  /** The peer that was asked. */
  readonly self: boolean
}

/** Where the host's peer answers, as seen from outside. */
export function apiSocket(host: string): string {
  return pathInNode(host, '/run/skein/skein.sock')
}

/** The members as the peer of `host` sees them; undefined if it does not answer. */
export async function membersSeenBy(host: string): Promise<MemberSeen[] | undefined> {
  try {
    const answer = await ask(apiSocket(host), 'GET', '/api/v1/peers')
    return answer.status === 200 ? parseMembers(answer.text) : undefined
  } catch {
    return undefined // stopped, starting or hung: seen from here it is the same
  }
}

/** Parses the answer of `/api/v1/peers`; throws for anything but a list of peers. */
export function parseMembers(text: string): MemberSeen[] {
  const value: unknown = JSON.parse(text)
  if (!Array.isArray(value)) throw new Error('not a list of peers')
  return value.map((item: Record<string, unknown>) => ({
    name: String(item.name),
    settled: item.settled === true,
    connected: item.connected === true,
    self: item.self === true,
  }))
}

/** Waits until each of these hosts' peers sees all of them settled and connected. */
export async function membersReady(hosts: readonly string[], timeoutMs: number, signal?: AbortSignal): Promise<void> {
  let missing = ''
  const check = async () => {
    const seen = await Promise.all(hosts.map(host => membersSeenBy(host)))
    missing = hosts.flatMap((host, at) => problems(host, seen[at], hosts)).join(', ')
    return missing === '' ? true : undefined
  }
  try {
    await until(check, { timeoutMs, what: 'not all peers became members', ...(signal ? { signal } : {}) })
  } catch (error) {
    if (!(error instanceof SkeinError)) throw error
    throw new SkeinError(error.code, `${error.message}: ${missing}`, { cause: error })
  }
}

function problems(host: string, seen: readonly MemberSeen[] | undefined, hosts: readonly string[]): string[] {
  if (!seen) return [`${host} does not answer`]
  return hosts.flatMap(name => {
    const member = seen.find(other => other.name === name)
    if (!member) return [`${host} does not know ${name}`]
    if (!member.settled) return [`${host} sees ${name} pending`]
    return member.connected || member.self ? [] : [`${host} is not connected with ${name}`]
  })
}

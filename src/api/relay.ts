/**
 * Any peer passes a request on to any member: the whole request goes over the mesh, and the member's own API answers it
 * in its own process, with the same checks. Never more than one hop: what is passed on carries no header that names a host.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Member, RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { ApiDeps } from './deps.ts'
import {
  decodeRelayed,
  decodeRelayedAnswer,
  encodeRelayed,
  encodeRelayedAnswer,
  maxBodyBytes,
  type RelayedRequest,
} from './relay-messages.ts'
import { hostHeader } from './types.ts'

/** Below the local API's own 25 s, so that the reason reaches the user. */
const limitMs = 20_000
/** Digits of a key that name a member. */
const minKeyDigits = 4

/** Answers in place of the local API when the request names another member. */
export async function passOn(
  deps: ApiDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const wanted = request.headers[hostHeader]
  if (typeof wanted !== 'string' || wanted === '') return
  const member = findMember(deps.replica.view, wanted)
  if (member.key === deps.replica.self) return
  refuseJoin(deps, request, member.name)
  const body = request.body === undefined ? '' : JSON.stringify(request.body)
  return passTo(deps, member, { method: request.method, url: request.url, body }, reply)
}

/** Has a member answer in place of this peer. Throws `unreachable` naming it. */
export async function passTo(
  deps: ApiDeps,
  member: Member,
  passed: RelayedRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const answer = await askMember(deps, member, passed, limitMs)
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}

/** What a member's API answers, whatever its status. Throws `unreachable` naming it. */
export async function askMember(deps: ApiDeps, member: Member, request: RelayedRequest, timeoutMs: number) {
  if (!deps.connected().includes(member.key)) {
    const self = deps.nameOf(deps.replica.self)
    throw new SkeinError(
      'unreachable',
      `${member.name} is out of reach of ${self}: run this on ${member.name}, or see what is up with: skein peer ls`,
    )
  }
  return decodeRelayedAnswer(await deps.relay.ask(member.key, encodeRelayed(request), timeoutMs), member.name)
}

/** A member by its name, or by the beginning of its key. Throws `not-found`, or `conflict` when it names several. */
export function findMember(view: RegistryView, wanted: string): Member {
  const members = view.members()
  const named = members.filter(member => member.name === wanted)
  const isKey = wanted.length >= minKeyDigits && /^[0-9a-f]+$/.test(wanted)
  const found = named.length > 0 || !isKey ? named : members.filter(member => member.key.startsWith(wanted))
  const [first, ...others] = found
  if (!first) {
    throw new SkeinError(
      'not-found',
      `no member is called ${wanted}: see skein peer ls; a socket or URL of skeind is given as /PATH or http://127.0.0.1:PORT`,
    )
  }
  if (others.length === 0) return first
  const keys = found.map(member => `-H ${member.key.slice(0, 12)}`).join(' or ')
  throw new SkeinError('conflict', `${found.length} members answer to ${wanted}: say which by its key, ${keys}`)
}

/** A join replaces the peer that would have to answer, and whom this host trusts is decided on this host. */
export function refuseJoin(deps: ApiDeps, request: FastifyRequest, name = deps.nameOf(deps.replica.self)): void {
  const [, verb] = /^\/api\/v1\/(?:peers\/)?(join|leave|rejoin)\/?(?:\?|$)/.exec(request.url) ?? []
  if (request.method !== 'POST' || !verb) return
  throw new SkeinError(
    'forbidden',
    `${name} cannot be told from another host to ${verb} a mesh: run skein ${verb === 'join' ? 'join' : `peer ${verb}`} on ${name}`,
  )
}

/** The answer of this peer's API, `app`, to a request that the member `from` passed on. */
export async function answerRelayed(
  app: FastifyInstance,
  deps: ApiDeps,
  from: PeerKey,
  bytes: Uint8Array,
  log: Logger,
): Promise<Uint8Array> {
  if (!deps.replica.view.member(from)) throw new SkeinError('forbidden', 'only members may ask: see skein peer ls')
  const { method, url, body } = decodeRelayed(bytes)
  if (method !== 'GET') log.info({ from: deps.nameOf(from), method, url }, 'request of another member')
  const answer = await app.inject({ method, url, ...(body === '' ? {} : { payload: body }) })
  if (answer.rawPayload.length > maxBodyBytes) {
    const name = deps.nameOf(deps.replica.self)
    throw new SkeinError(
      'unsupported',
      `the answer of ${name}, ${answer.rawPayload.length} bytes, is too large to be passed on: run this on ${name}`,
    )
  }
  return encodeRelayedAnswer({ status: answer.statusCode, headers: answer.headers, body: answer.payload })
}

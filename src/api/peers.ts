/** Members of the mesh, invitations and joining. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Member } from '../crdt/registry-view.ts'
import type { ApiDeps } from './deps.ts'
import { checkBody } from './reply.ts'
import type { InviteJson, JoinJson, PeerJson } from './types.ts'

const minuteMs = 60_000

/** An invitation is good for an hour unless said otherwise, for 30 days at most: it is a secret that lets a host in. */
const defaultTtlMs = 60 * minuteMs
const maxTtlMs = 30 * 24 * 60 * minuteMs

/** As many hosts as one token may let in, by the format of its record. */
const maxUses = 10_000

const inviteBody = z.strictObject({
  ttlMs: z.number().int().min(1000).max(maxTtlMs).default(defaultTtlMs),
  uses: z.number().int().min(1).max(maxUses).default(1),
})
const joinBody = z.strictObject({ token: z.string().min(1).max(4096) })

export function addPeerRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/peers', (): PeerJson[] => {
    const connected = new Set(deps().connected())
    return deps()
      .replica.view.members()
      .map(member => peerJson(deps(), member, connected.has(member.key)))
  })
  app.post('/api/v1/peers/invite', async (request): Promise<InviteJson> => {
    const { ttlMs, uses } = checkBody(inviteBody, request.body)
    return { token: await deps().admission.invite(ttlMs, uses) }
  })
  app.post('/api/v1/join', async (request): Promise<JoinJson> => {
    await deps().admission.join(checkBody(joinBody, request.body).token.trim())
    const { view } = deps().replica
    return { meshId: view.meshId, members: view.members().length }
  })
}

function peerJson({ replica, nameOf }: ApiDeps, member: Member, connected: boolean): PeerJson {
  return {
    name: member.name,
    key: member.key,
    self: member.key === replica.self,
    settled: member.settled,
    waitingFor: member.waitingFor.map(nameOf),
    addresses: [...member.addresses],
    vtepAddress: member.vtepAddress,
    admittedBy: member.admittedBy === undefined ? '' : nameOf(member.admittedBy),
    connected,
  }
}

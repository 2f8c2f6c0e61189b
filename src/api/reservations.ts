/** Addresses that a host keeps for containers that ask for them by name: any peer takes the command, that host does it. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Network } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import type { ApiDeps } from './deps.ts'
import { type KeyRoute, requireNetwork } from './lookup.ts'
import { findMember, passTo } from './relay.ts'
import { checkBody, setDot } from './reply.ts'
import { existedHeader, type ReservedJson } from './types.ts'

const reserveBody = z.strictObject({ address: z.string(), peer: z.string().optional() })
const releaseBody = z.strictObject({ address: z.string() })

export function addReservationRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.post<KeyRoute>('/api/v1/addresses/:key/reserve', async (request, reply) => {
    const { address, peer } = checkBody(reserveBody, request.body)
    const { replica, ipam, nameOf } = deps()
    const { network, ip } = find(deps(), request.params.key, address)
    const member = findMember(replica.view, peer ?? replica.self)
    if (member.key !== replica.self) {
      // without the host's name: it answers itself
      return passTo(deps(), member, { method: 'POST', url: request.url, body: JSON.stringify({ address }) }, reply)
    }
    return answer(reply, ip, nameOf(member.key), await ipam.reserve(network.id, ip))
  })
  app.post<KeyRoute>('/api/v1/addresses/:key/release', async (request, reply) => {
    const { address } = checkBody(releaseBody, request.body)
    const { replica, ipam, nameOf } = deps()
    const { network, ip } = find(deps(), request.params.key, address)
    const owner: PeerKey | undefined = replica.view.reservedBy(network.id, ip)
    if (owner === undefined) return answer(reply, ip, '', undefined)
    if (owner !== replica.self) {
      const body = JSON.stringify({ address })
      return passTo(deps(), findMember(replica.view, owner), { method: 'POST', url: request.url, body }, reply)
    }
    return answer(reply, ip, nameOf(owner), await ipam.unreserve(network.id, ip))
  })
}

function find({ replica }: ApiDeps, key: string, address: string): { network: Network; ip: number } {
  const network = requireNetwork(replica.view, key)
  const ip = parseIp(address)
  if (ip === undefined)
    throw new SkeinError('invalid', `address ${JSON.stringify(address)} is invalid: write it like 10.1.2.3`)
  return { network, ip }
}

function answer(reply: FastifyReply, ip: number, owner: string, dot: Dot | undefined): ReservedJson {
  setDot(reply, dot)
  if (!dot) reply.header(existedHeader, 'true')
  return { address: formatIp(ip), owner, existed: dot === undefined }
}

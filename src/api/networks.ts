/** Networks: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { removeNetworkLeaves } from '../crdt/acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { formatIp } from '../model/ip.ts'
import type { NetworkRequest } from '../model/network.ts'
import { createNetwork } from './create-network.ts'
import type { ApiDeps } from './deps.ts'
import { networkJson } from './inspect.ts'
import {
  inTenant,
  type KeyRoute,
  liveNetworks,
  requireNetwork,
  splitKey,
  syncBeforeWriteMs,
  tenantFlag,
} from './lookup.ts'
import { networkOper } from './oper.ts'
import { checkBody, setDot } from './reply.ts'
import { type Created, type Deleted, existedHeader, type NetworkInspect, type NetworkJson } from './types.ts'
import { checkNetworkUnused } from './users-of.ts'

const body = z.strictObject({
  key: z.string().optional(),
  tenantName: z.string().optional(),
  networkName: z.string().optional(),
  subnet: z.string().default(''),
  encap: z.string().optional(),
  nwType: z.string().optional(),
  pktTag: z.number().int().optional(),
  gateway: z.string().optional(),
  ipv6Subnet: z.string().optional(),
  ipv6Gateway: z.string().optional(),
  cfgdTag: z.string().optional(),
  'link-sets': z.looseObject({}).optional(),
  links: z.looseObject({}).optional(),
})

export function addNetworkRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/networks', (): NetworkJson[] => {
    const { view } = deps().replica
    return liveNetworks(view).map(network => networkJson(view, network))
  })
  app.get<KeyRoute>('/api/v1/networks/:key', (request): NetworkJson => {
    const { view } = deps().replica
    return networkJson(view, requireNetwork(view, request.params.key))
  })
  app.get<KeyRoute>('/api/v1/inspect/networks/:key', (request): NetworkInspect => {
    const { view } = deps().replica
    const network = requireNetwork(view, request.params.key)
    return { Config: networkJson(view, network), Oper: networkOper(deps(), network) }
  })
  app.route<KeyRoute>({
    method: ['POST', 'PUT'],
    url: '/api/v1/networks/:key',
    async handler(request, reply): Promise<Created<NetworkJson>> {
      const { network, dot, existed } = await createNetwork(deps(), toRequest(request.params.key, request.body))
      setDot(reply, dot)
      if (existed) reply.header(existedHeader, 'true')
      return { ...networkJson(deps().replica.view, network), existed }
    },
  })
  app.delete<KeyRoute>('/api/v1/networks/:key', async (request, reply): Promise<Deleted> => {
    const { key } = request.params
    await deps().replica.syncNow(syncBeforeWriteMs)
    setDot(reply, await deps().replica.write(view => removal(deps(), view, key)))
    return { key }
  })
}

function toRequest(key: string, unchecked: unknown): NetworkRequest {
  const { tenant, name } = splitKey(key)
  const request = checkBody(body, unchecked)
  if (
    (request.tenantName ?? tenant) !== tenant ||
    (request.networkName ?? name) !== name ||
    (request.key || key) !== key
  ) {
    throw new SkeinError('invalid', `the path says network ${key}, the body another: make them agree`)
  }
  if (request.cfgdTag) {
    throw new SkeinError(
      'unsupported',
      'network tags are not supported, docker network create names the network itself (-o tenant=TENANT): leave out --nw-tag',
    )
  }
  const { subnet, encap, nwType, pktTag, gateway, ipv6Subnet, ipv6Gateway } = request
  return { tenant, name, subnet, encap, type: nwType, pktTag, gateway, subnet6: ipv6Subnet, gateway6: ipv6Gateway }
}

/** So many endpoints are named in a refusal; the rest is counted. */
const namedEndpoints = 5

function removal(deps: ApiDeps, view: RegistryView, key: string) {
  const network = requireNetwork(view, key)
  checkNetworkUnused(view, network)
  const endpoints = view.endpoints(network.id)
  if (endpoints.length === 0) return removeNetworkLeaves(view, network.id)
  const names = endpoints
    .slice(0, namedEndpoints)
    .map(endpoint => `${endpoint.containerName || formatIp(endpoint.ip)} on ${deps.nameOf(endpoint.owner)}`)
  if (endpoints.length > namedEndpoints) names.push(`and ${endpoints.length - namedEndpoints} more`)
  throw new SkeinError(
    'in-use',
    `cannot delete network ${network.name}${inTenant(network.tenant)}, has active endpoints: ${names.join(', ')}; ` +
      `stop them with docker rm -f, then: skein net rm${tenantFlag(network.tenant)} ${network.name}`,
  )
}

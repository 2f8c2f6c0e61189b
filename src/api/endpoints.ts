/** Endpoints of all hosts, for any peer knows them all. */
import type { FastifyInstance } from 'fastify'
import { SkeinError } from '../lib/errors.ts'
import type { ApiDeps } from './deps.ts'
import { endpointsOn } from './endpoint-json.ts'
import type { KeyRoute } from './lookup.ts'
import type { EndpointInspect, ListedEndpointJson } from './types.ts'

/** So many are named when a text fits several. */
const namedMatches = 5

export function addEndpointRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/endpoints', (): ListedEndpointJson[] => allEndpoints(deps()))
  app.get<KeyRoute>('/api/v1/inspect/endpoints/:key', (request): EndpointInspect => {
    return { Oper: findEndpoint(allEndpoints(deps()), request.params.key) }
  })
}

/** Sorted by tenant, network and address; those of networks that are being deleted too. */
function allEndpoints(deps: ApiDeps): ListedEndpointJson[] {
  return deps.replica.view.networks().flatMap(network => {
    const place = { tenantName: network.tenant, networkName: network.name }
    return endpointsOn(deps, network).map(endpoint => ({ ...endpoint, ...place }))
  })
}

/** By a part of endpoint id, container id or container name, as Contiv does it; the whole of one beats a part. */
function findEndpoint(endpoints: readonly ListedEndpointJson[], text: string): ListedEndpointJson {
  const names = (endpoint: ListedEndpointJson) => [endpoint.endpointID, endpoint.containerID, endpoint.containerName]
  const whole = endpoints.filter(endpoint => names(endpoint).includes(text))
  const found =
    whole.length > 0 ? whole : endpoints.filter(endpoint => names(endpoint).some(name => name.includes(text)))
  const [first, ...others] = found
  if (!first) {
    throw new SkeinError(
      'not-found',
      `no endpoint or container has ${text} in its id or name: see skein endpoint ls -a`,
    )
  }
  if (others.length === 0) return first
  const shown = found.slice(0, namedMatches).map(describe)
  if (found.length > namedMatches) shown.push(`and ${found.length - namedMatches} more`)
  throw new SkeinError(
    'conflict',
    `${text} fits ${found.length} endpoints: ${shown.join(', ')}; give more of the endpoint id (the 12 digits here)`,
  )
}

function describe({ endpointID, containerName, networkName, homingHost }: ListedEndpointJson): string {
  return `${endpointID.slice(0, 12)} (${containerName || 'no name'} on ${homingHost}, ${networkName})`
}

/** Objects of Contiv that Skein has not: their lists are empty, so that Contiv's clients go on, and none can be made. */
import type { FastifyInstance } from 'fastify'
import { SkeinError } from '../lib/errors.ts'

const kinds: Readonly<Record<string, string>> = {
  aciGws: 'ACI gateways',
  appProfiles: 'application profiles, which are of ACI',
  Bgps: 'BGP neighbours',
  extContractsGroups: 'external contracts, which are of ACI',
  serviceLBs: 'service load balancers',
  volumes: 'volumes',
  volumeProfiles: 'volume profiles',
}

export function addContivOnlyRoutes(app: FastifyInstance): void {
  for (const [kind, text] of Object.entries(kinds)) {
    app.get(`/api/v1/${kind}`, () => [])
    for (const url of [`/api/v1/${kind}/:key`, `/api/v1/inspect/${kind}/:key`]) {
      app.route({
        method: ['GET', 'POST', 'PUT', 'DELETE'],
        url,
        handler: () => {
          throw new SkeinError('unsupported', `Skein has no ${text}: leave them out`)
        },
      })
    }
  }
}

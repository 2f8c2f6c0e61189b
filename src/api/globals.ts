/** Settings of the whole mesh: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { writeGlobalLeaves } from '../crdt/object-acts.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkGlobal } from '../model/global.ts'
import type { ApiDeps } from './deps.ts'
import { type KeyRoute, liveNetworks, syncBeforeWriteMs } from './lookup.ts'
import { globalJson } from './object-json.ts'
import { checkAgree } from './object-lookup.ts'
import { checkBody, setDot } from './reply.ts'
import type { GlobalJson } from './types.ts'

const text = z.string().optional()
const body = z.strictObject({
  ...{ key: text, name: text, networkInfraType: text, vlans: text, vxlans: text },
  ...{ fwdMode: text, arpMode: text, pvtSubnet: text },
  'link-sets': z.looseObject({}).optional(),
  links: z.looseObject({}).optional(),
})

export function addGlobalRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/globals', (): GlobalJson[] => [globalJson(deps().replica.view.objects.globals())])
  app.get<KeyRoute>('/api/v1/globals/:key', (request): GlobalJson => {
    checkKey(request.params.key)
    return globalJson(deps().replica.view.objects.globals())
  })
  app.get<KeyRoute>('/api/v1/inspect/globals/:key', request => {
    checkKey(request.params.key)
    const { view } = deps().replica
    return { Config: globalJson(view.objects.globals()), Oper: { numNetworks: liveNetworks(view).length } }
  })
  app.route<KeyRoute>({
    method: ['POST', 'PUT'],
    url: '/api/v1/globals/:key',
    async handler(request, reply): Promise<GlobalJson> {
      checkKey(request.params.key)
      const said = checkBody(body, request.body)
      checkAgree('global', 'global', [
        [said.key, 'global'],
        [said.name, 'global'],
      ])
      const settings = checkGlobal({
        ...{ fabricMode: said.networkInfraType, vlans: said.vlans, vxlans: said.vxlans },
        ...{ fwdMode: said.fwdMode, arpMode: said.arpMode, privateSubnet: said.pvtSubnet },
      })
      const { replica } = deps()
      await replica.syncNow(syncBeforeWriteMs)
      setDot(reply, await replica.write(view => writeGlobalLeaves(view.objects, settings)))
      return globalJson(replica.view.objects.globals())
    },
  })
}

function checkKey(key: string): void {
  if (key !== 'global') throw new SkeinError('not-found', `settings ${key} do not exist: there is only "global"`)
}

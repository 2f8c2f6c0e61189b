/** Settings of the whole mesh: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { writeGlobalLeaves } from '../crdt/object-acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { tagOwners } from '../crdt/vlan-tags.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkGlobal, rangeOf } from '../model/global.ts'
import { lastVlan } from '../model/network.ts'
import type { ApiDeps } from './deps.ts'
import { type KeyRoute, networkKey, syncBeforeWriteMs } from './lookup.ts'
import { globalJson } from './object-json.ts'
import { checkAgree } from './object-lookup.ts'
import { globalOper } from './oper.ts'
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
    return { Config: globalJson(view.objects.globals()), Oper: globalOper(deps()) }
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
      const leaves = (view: RegistryView) => {
        checkVlansInUse(view, settings.vlans)
        return writeGlobalLeaves(view.objects, settings)
      }
      setDot(reply, await replica.write(leaves))
      return globalJson(replica.view.objects.globals())
    },
  })
}

/** Throws `in-use` if a network's tag would be outside. */
function checkVlansInUse(view: RegistryView, range: string | undefined): void {
  const bounds = range === undefined ? undefined : rangeOf(range, lastVlan)
  if (!bounds) return
  const outside = [...tagOwners(view.networks())].filter(([tag]) => tag < bounds.first || tag > bounds.last)
  if (outside.length === 0) return
  const named = outside.map(([tag, network]) => `${tag} (${networkKey(network)})`).slice(0, 8)
  throw new SkeinError(
    'in-use',
    `cannot change the VLAN range to ${range}, networks have VLANs outside of it: ${named.join(', ')}; ` +
      'choose a range that has them, or remove those networks first',
  )
}

function checkKey(key: string): void {
  if (key !== 'global') throw new SkeinError('not-found', `settings ${key} do not exist: there is only "global"`)
}

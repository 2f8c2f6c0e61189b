/** Network profiles: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Leaf } from '../crdt/leaves.ts'
import { removeProfileLeaves } from '../crdt/object-acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, type KeyRoute, syncBeforeWriteMs } from './lookup.ts'
import { profileJson } from './object-json.ts'
import { checkAgree, requireProfile, splitParts } from './object-lookup.ts'
import { writeProfile } from './object-writes.ts'
import { checkBody, setDot } from './reply.ts'
import { type Created, type Deleted, existedHeader, type NetProfileJson } from './types.ts'

const text = z.string().optional()
const body = z.strictObject({
  ...{ key: text, profileName: text, tenantName: text, bandwidth: text },
  DSCP: z.number().optional(),
  burst: z.number().optional(),
  'link-sets': z.looseObject({}).optional(),
  links: z.looseObject({}).optional(),
})

const form = 'TENANT:NETPROFILE'

export function addNetProfileRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/netprofiles', (): NetProfileJson[] => {
    const { view } = deps().replica
    return view.objects.profiles().map(profile => profileJson(view, profile))
  })
  app.get<KeyRoute>('/api/v1/netprofiles/:key', (request): NetProfileJson => {
    const { view } = deps().replica
    return profileJson(view, find(view, request.params.key))
  })
  app.get<KeyRoute>('/api/v1/inspect/netprofiles/:key', request => {
    const { view } = deps().replica
    return { Config: profileJson(view, find(view, request.params.key)) }
  })
  app.route<KeyRoute>({
    method: ['POST', 'PUT'],
    url: '/api/v1/netprofiles/:key',
    async handler(request, reply): Promise<Created<NetProfileJson>> {
      const { key } = request.params
      const [tenant = '', name = ''] = splitParts(form, key)
      const said = checkBody(body, request.body)
      checkAgree('netprofile', key, [
        [said.tenantName, tenant],
        [said.profileName, name],
        [said.key, key],
      ])
      await deps().replica.syncNow(syncBeforeWriteMs)
      const wish = { tenant, name, bandwidth: said.bandwidth, dscp: said.DSCP, burst: said.burst }
      const { dot, existed } = await writeProfile(deps(), wish)
      setDot(reply, dot)
      if (existed) reply.header(existedHeader, 'true')
      const { view } = deps().replica
      return { ...profileJson(view, requireProfile(view, tenant, name)), existed }
    },
  })
  app.delete<KeyRoute>('/api/v1/netprofiles/:key', async (request, reply): Promise<Deleted> => {
    const { key } = request.params
    await deps().replica.syncNow(syncBeforeWriteMs)
    setDot(reply, await deps().replica.write(view => removal(view, key)))
    return { key }
  })
}

function find(view: RegistryView, key: string) {
  const [tenant = '', name = ''] = splitParts(form, key)
  return requireProfile(view, tenant, name)
}

function removal(view: RegistryView, key: string): Leaf[] {
  const { tenant, name } = find(view, key)
  const users = view.objects.groups(tenant).filter(group => group.status === 'live' && group.profile === name)
  if (users.length === 0) return removeProfileLeaves(view.objects, tenant, name)
  throw new SkeinError(
    'in-use',
    `cannot delete netprofile ${name}${inTenant(tenant)}, groups ${users.map(group => group.name).join(', ')} have it: ` +
      'take it off first with: skein group create NETWORK GROUP --networkprofile=',
  )
}

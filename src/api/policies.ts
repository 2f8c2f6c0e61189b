/** Policies: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Leaf } from '../crdt/leaves.ts'
import { removePolicyLeaves } from '../crdt/object-acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, type KeyRoute, syncBeforeWriteMs } from './lookup.ts'
import { policyJson } from './object-json.ts'
import { checkAgree, requirePolicy, splitParts } from './object-lookup.ts'
import { writePolicy } from './object-writes.ts'
import { policyOper } from './oper.ts'
import { checkBody, setDot } from './reply.ts'
import { type Created, type Deleted, existedHeader, type PolicyJson } from './types.ts'

const body = z.strictObject({
  key: z.string().optional(),
  policyName: z.string().optional(),
  tenantName: z.string().optional(),
  'link-sets': z.looseObject({}).optional(),
  links: z.looseObject({}).optional(),
})

const form = 'TENANT:POLICY'

export function addPolicyRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/policys', (): PolicyJson[] => {
    const { view } = deps().replica
    return view.objects.policies().map(({ tenant, name }) => policyJson(view, tenant, name))
  })
  app.get<KeyRoute>('/api/v1/policys/:key', (request): PolicyJson => {
    const { view } = deps().replica
    const { tenant, name } = find(view, request.params.key)
    return policyJson(view, tenant, name)
  })
  app.get<KeyRoute>('/api/v1/inspect/policys/:key', request => {
    const { view } = deps().replica
    const { tenant, name } = find(view, request.params.key)
    return { Config: policyJson(view, tenant, name), Oper: policyOper(deps(), tenant, name) }
  })
  app.route<KeyRoute>({
    method: ['POST', 'PUT'],
    url: '/api/v1/policys/:key',
    async handler(request, reply): Promise<Created<PolicyJson>> {
      const { key } = request.params
      const [tenant = '', name = ''] = splitParts(form, key)
      const said = checkBody(body, request.body)
      checkAgree('policy', key, [
        [said.tenantName, tenant],
        [said.policyName, name],
        [said.key, key],
      ])
      await deps().replica.syncNow(syncBeforeWriteMs)
      const { dot, existed } = await writePolicy(deps(), tenant, name)
      setDot(reply, dot)
      if (existed) reply.header(existedHeader, 'true')
      return { ...policyJson(deps().replica.view, tenant, name), existed }
    },
  })
  app.delete<KeyRoute>('/api/v1/policys/:key', async (request, reply): Promise<Deleted> => {
    const { key } = request.params
    await deps().replica.syncNow(syncBeforeWriteMs)
    setDot(reply, await deps().replica.write(view => removal(view, key)))
    return { key }
  })
}

function find(view: RegistryView, key: string) {
  const [tenant = '', name = ''] = splitParts(form, key)
  return requirePolicy(view, tenant, name)
}

function removal(view: RegistryView, key: string): Leaf[] {
  const { tenant, name } = find(view, key)
  const users = view.objects.groups(tenant).filter(group => group.status === 'live' && group.policies.includes(name))
  if (users.length === 0) return removePolicyLeaves(view.objects, tenant, name)
  throw new SkeinError(
    'in-use',
    `Policy is being used: cannot delete ${name}${inTenant(tenant)}, groups ${users.map(group => group.name).join(', ')} have it; ` +
      'give them others first with: skein group create NETWORK GROUP --policy=OTHER (--policy= for none)',
  )
}

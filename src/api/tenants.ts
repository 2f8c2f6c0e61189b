/** Tenants: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { createTenantLeaves, removeTenantLeaves } from '../crdt/acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkName, defaultTenant } from '../model/names.ts'
import type { ApiDeps } from './deps.ts'
import { tenantJson } from './inspect.ts'
import { type KeyRoute, requireTenant, syncBeforeWriteMs } from './lookup.ts'
import { tenantOper } from './oper.ts'
import { checkBody, setDot } from './reply.ts'
import type { Created, Deleted, TenantInspect, TenantJson } from './types.ts'
import { existedHeader } from './types.ts'
import { checkTenantUnused } from './users-of.ts'

const body = z.strictObject({
  key: z.string().optional(),
  tenantName: z.string().optional(),
  defaultNetwork: z.string().optional(),
  'link-sets': z.looseObject({}).optional(),
})

export function addTenantRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/tenants', (): TenantJson[] => {
    const { view } = deps().replica
    return view.tenants().map(name => tenantJson(view, name))
  })
  app.get<KeyRoute>('/api/v1/tenants/:key', (request): TenantJson => {
    const { view } = deps().replica
    requireTenant(view, request.params.key)
    return tenantJson(view, request.params.key)
  })
  app.get<KeyRoute>('/api/v1/inspect/tenants/:key', (request): TenantInspect => {
    requireTenant(deps().replica.view, request.params.key)
    return { Config: tenantJson(deps().replica.view, request.params.key), Oper: tenantOper(deps(), request.params.key) }
  })
  app.route<KeyRoute>({
    method: ['POST', 'PUT'],
    url: '/api/v1/tenants/:key',
    async handler(request, reply): Promise<Created<TenantJson>> {
      const name = checkCreation(request.params.key, request.body)
      const { dot, existed } = await createTenant(deps(), name)
      setDot(reply, dot)
      if (existed) reply.header(existedHeader, 'true')
      return { ...tenantJson(deps().replica.view, name), existed }
    },
  })
  app.delete<KeyRoute>('/api/v1/tenants/:key', async (request, reply): Promise<Deleted> => {
    const { replica } = deps()
    await replica.syncNow(syncBeforeWriteMs)
    setDot(reply, await replica.write(view => removal(view, request.params.key)))
    return { key: request.params.key }
  })
}

function checkCreation(key: string, unchecked: unknown): string {
  const request = checkBody(body, unchecked)
  if ((request.tenantName ?? key) !== key || (request.key || key) !== key) {
    throw new SkeinError('invalid', `the path says tenant ${key}, the body another: make them agree`)
  }
  if (request.defaultNetwork) {
    throw new SkeinError('unsupported', 'a tenant has no default network in Skein: leave out defaultNetwork')
  }
  checkName('tenant', key)
  return key
}

async function createTenant(deps: ApiDeps, name: string) {
  await deps.replica.syncNow(syncBeforeWriteMs)
  return writeTenant(deps, name)
}

/** For who has checked the name and has heard the members. */
export async function writeTenant(
  { replica }: ApiDeps,
  name: string,
): Promise<{ dot: Dot | undefined; existed: boolean }> {
  let existed = false
  const dot = await replica.write(view => {
    const leaves = createTenantLeaves(view, name)
    existed = leaves.length === 0
    return leaves
  })
  return { dot, existed }
}

function removal(view: RegistryView, name: string) {
  requireTenant(view, name)
  if (name === defaultTenant) throw new SkeinError('forbidden', 'tenant default cannot be deleted: every mesh has it')
  checkTenantUnused(view, name)
  return removeTenantLeaves(view, name)
}

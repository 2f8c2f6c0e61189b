/** Endpoint groups: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Leaf } from '../crdt/leaves.ts'
import { removeGroupLeaves } from '../crdt/object-acts.ts'
import { ruleRmCommand } from '../crdt/object-commands.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { rulesOfGroup } from '../crdt/unused.ts'
import type { Dot } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import { formatIp } from '../model/ip.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, type KeyRoute, syncBeforeWriteMs, tenantFlag } from './lookup.ts'
import { groupJson } from './object-json.ts'
import { checkAgree, requireGroup, splitParts } from './object-lookup.ts'
import type { GroupPlanWish } from './object-plans.ts'
import { writeGroup } from './object-writes.ts'
import { groupOper } from './oper.ts'
import { checkBody, setDot } from './reply.ts'
import { type Created, type Deleted, existedHeader, type GroupJson } from './types.ts'

const text = z.string().optional()
const body = z.strictObject({
  ...{ key: text, groupName: text, tenantName: text, ipPool: text, netProfile: text, cfgdTag: text },
  networkName: z.string().default(''),
  policies: z.array(z.string()).optional(),
  extContractsGrps: z.array(z.string()).optional(),
  'link-sets': z.looseObject({}).optional(),
  links: z.looseObject({}).optional(),
})

const form = 'TENANT:GROUP'

export function addGroupRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/endpointGroups', (): GroupJson[] => {
    const { view } = deps().replica
    const live = view.objects.groups().filter(group => group.status === 'live')
    return live.map(group => groupJson(view, group))
  })
  app.get<KeyRoute>('/api/v1/endpointGroups/:key', (request): GroupJson => {
    const { view } = deps().replica
    return groupJson(view, find(view, request.params.key))
  })
  app.get<KeyRoute>('/api/v1/inspect/endpointGroups/:key', request => {
    const { view } = deps().replica
    const group = find(view, request.params.key)
    return { Config: groupJson(view, group), Oper: groupOper(deps(), group) }
  })
  app.route<KeyRoute>({
    method: ['POST', 'PUT'],
    url: '/api/v1/endpointGroups/:key',
    async handler(request, reply): Promise<Created<GroupJson>> {
      const wish = toWish(request.params.key, request.body)
      await deps().replica.syncNow(syncBeforeWriteMs)
      const { dot, existed } = await writeGroup(deps(), wish)
      setDot(reply, dot)
      if (existed) reply.header(existedHeader, 'true')
      const { view } = deps().replica
      return { ...groupJson(view, requireGroup(view, wish.tenant, wish.name)), existed }
    },
  })
  app.delete<KeyRoute>('/api/v1/endpointGroups/:key', async (request, reply): Promise<Deleted> => {
    const { key } = request.params
    setDot(reply, await removeGroup(deps(), key))
    return { key }
  })
}

/** Deletes the group of this key (`TENANT:GROUP`). Throws `invalid`, `not-found` or `in-use`. */
export async function removeGroup(deps: Pick<ApiDeps, 'replica' | 'nameOf'>, key: string): Promise<Dot | undefined> {
  await deps.replica.syncNow(syncBeforeWriteMs)
  return deps.replica.write(view => removal(deps, view, key))
}

function toWish(key: string, unchecked: unknown): GroupPlanWish {
  const [tenant = '', name = ''] = splitParts(form, key)
  const said = checkBody(body, unchecked)
  checkAgree('group', key, [
    [said.tenantName, tenant],
    [said.groupName, name],
    [said.key, key],
  ])
  if (said.cfgdTag) {
    const why = 'group tags are not supported, docker network create names the group itself (-o group=GROUP)'
    throw new SkeinError('unsupported', `${why}: leave out --epg-tag`)
  }
  if (said.extContractsGrps && said.extContractsGrps.length > 0) {
    throw new SkeinError('unsupported', 'external contracts are of ACI alone: leave out --external-contract')
  }
  if (!said.networkName) throw new SkeinError('invalid', 'Network and group name required: say networkName')
  return {
    ...{ tenant, name, network: said.networkName, pool: said.ipPool, profile: said.netProfile },
    policies: said.policies?.filter(policy => policy !== ''),
  }
}

function find(view: RegistryView, key: string) {
  const [tenant = '', name = ''] = splitParts(form, key)
  return requireGroup(view, tenant, name)
}

/** So many endpoints are named in a refusal; the rest is counted. */
const namedEndpoints = 5

function removal(deps: Pick<ApiDeps, 'nameOf'>, view: RegistryView, key: string): Leaf[] {
  const group = find(view, key)
  const { tenant, name } = group
  const members = view.endpoints(group.network).filter(endpoint => endpoint.group === group.id)
  if (members.length > 0) {
    const names = members
      .slice(0, namedEndpoints)
      .map(each => `${each.containerName || formatIp(each.ip)} on ${deps.nameOf(each.owner)}`)
    if (members.length > namedEndpoints) names.push(`and ${members.length - namedEndpoints} more`)
    throw new SkeinError(
      'in-use',
      `cannot delete group ${name}${inTenant(tenant)}, has active endpoints: ${names.join(', ')}; ` +
        `stop them with docker rm -f, then: skein group rm${tenantFlag(tenant)} ${name}`,
    )
  }
  const [rule, ...others] = rulesOfGroup(view, group)
  if (!rule) return removeGroupLeaves(view.objects, group)
  throw new SkeinError(
    'in-use',
    `cannot delete group ${name}${inTenant(tenant)}, ${1 + others.length} rules name it: remove them first with: ` +
      ruleRmCommand(view.objects, tenant, rule.policy, rule),
  )
}

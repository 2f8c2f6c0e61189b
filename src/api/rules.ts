/** Rules of policies: Contiv's paths and JSON. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Leaf } from '../crdt/leaves.ts'
import { removeRuleLeaves, removeValueLeaves } from '../crdt/object-acts.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, type KeyRoute, syncBeforeWriteMs, tenantFlag } from './lookup.ts'
import { ruleJson } from './object-json.ts'
import { checkAgree, requirePolicy, splitParts } from './object-lookup.ts'
import { writeRule } from './object-writes.ts'
import { checkBody, setDot } from './reply.ts'
import { type Created, type Deleted, existedHeader, type RuleJson } from './types.ts'

const text = z.string().optional()
const body = z.strictObject({
  ...{ key: text, ruleId: text, policyName: text, tenantName: text },
  ...{ direction: text, action: text, protocol: text },
  ...{ fromEndpointGroup: text, fromNetwork: text, fromIpAddress: text },
  ...{ toEndpointGroup: text, toNetwork: text, toIpAddress: text },
  priority: z.number().optional(),
  port: z.number().optional(),
  'link-sets': z.looseObject({}).optional(),
  links: z.looseObject({}).optional(),
})

const form = 'TENANT:POLICY:RULE'

export function addRuleRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/rules', (): RuleJson[] => {
    const { objects } = deps().replica.view
    return objects.policies().flatMap(({ tenant, name }) => {
      return objects.rules(tenant, name).map(rule => ruleJson(tenant, name, rule))
    })
  })
  const find = (key: string): RuleJson => {
    const [tenant = '', policy = '', id = ''] = splitParts(form, key)
    const rule = valuesUnder(deps().replica.view, tenant, policy, id)[0]
    if (!rule) throw missing(tenant, policy, id)
    return ruleJson(tenant, policy, rule)
  }
  app.get<KeyRoute>('/api/v1/rules/:key', (request): RuleJson => find(request.params.key))
  app.get<KeyRoute>('/api/v1/inspect/rules/:key', request => ({ Config: find(request.params.key) }))
  app.route<KeyRoute>({
    method: ['POST', 'PUT'],
    url: '/api/v1/rules/:key',
    async handler(request, reply): Promise<Created<RuleJson>> {
      const { key } = request.params
      const [tenant = '', policy = '', id = ''] = splitParts(form, key)
      const said = checkBody(body, request.body)
      checkAgree('rule', key, [
        [said.tenantName, tenant],
        [said.policyName, policy],
        [said.ruleId, id],
        [said.key, key],
      ])
      await deps().replica.syncNow(syncBeforeWriteMs)
      const wish = {
        ...{ tenant, policy, id, port: said.port, protocol: said.protocol, priority: said.priority || undefined },
        ...{ direction: said.direction || undefined, action: said.action || undefined },
        ...{ fromGroup: said.fromEndpointGroup, fromNetwork: said.fromNetwork, fromIp: said.fromIpAddress },
        ...{ toGroup: said.toEndpointGroup, toNetwork: said.toNetwork, toIp: said.toIpAddress },
      }
      const { dot, existed } = await writeRule(deps(), wish)
      setDot(reply, dot)
      if (existed) reply.header(existedHeader, 'true')
      const rule = valuesUnder(deps().replica.view, tenant, policy, id)[0]
      if (!rule)
        throw new SkeinError(
          'conflict',
          `rule ${id} was removed meanwhile: see skein policy history${tenantFlag(tenant)} ${policy}`,
        )
      return { ...ruleJson(tenant, policy, rule), existed }
    },
  })
  app.delete<KeyRoute>('/api/v1/rules/:key', async (request, reply): Promise<Deleted> => {
    const { key } = request.params
    const [tenant = '', policy = '', id = ''] = splitParts(form, key)
    await deps().replica.syncNow(syncBeforeWriteMs)
    setDot(reply, await deps().replica.write(view => removal(view, tenant, policy, id)))
    return { key }
  })
}

/** By `5`: all values of the id; by `5~1a2b`: the one whose hash begins so. */
function valuesUnder(view: RegistryView, tenant: string, policy: string, shown: string) {
  requirePolicy(view, tenant, policy)
  const [id = '', hash] = shown.split('~')
  return view.objects.ruleValues(tenant, policy, id).filter(rule => hash === undefined || isNamed(rule.hash, hash))
}

function isNamed(hash: string, digits: string): boolean {
  return /^[0-9a-f]{4,64}$/.test(digits) && hash.startsWith(digits)
}

function missing(tenant: string, policy: string, id: string): SkeinError {
  const list = `skein policy rule-ls${tenantFlag(tenant)} ${policy}`
  return new SkeinError('not-found', `rule ${id} does not exist in policy ${policy}${inTenant(tenant)}: see ${list}`)
}

/** A rule that lost to a removal elsewhere can be removed too: that settles its condition. */
function removal(view: RegistryView, tenant: string, policy: string, shown: string): Leaf[] {
  const values = valuesUnder(view, tenant, policy, shown)
  const [id = '', digits] = shown.split('~')
  if (digits !== undefined) {
    const lost = view.objects.lostValues(tenant, policy, id).filter(hash => isNamed(hash, digits))
    // what is in effect is listed with no more digits than tell it from others in effect
    const named = values.length > 0 ? values : lost.map(hash => ({ id, hash }))
    if (named.length === 0) throw missing(tenant, policy, shown)
    return named.flatMap(rule => removeValueLeaves(view.objects, tenant, policy, rule))
  }
  if (view.objects.ruleActs(tenant, policy, shown).length === 0) throw missing(tenant, policy, shown)
  return removeRuleLeaves(view.objects, tenant, policy, shown)
}

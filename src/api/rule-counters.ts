/** What rules counted: on this host, and on all that answer in time. Each host counts what it judged itself. */
import type { FastifyInstance } from 'fastify'
import type { Rule } from '../crdt/objects-view.ts'
import type { Member } from '../crdt/registry-view.ts'
import { errorText } from '../lib/errors.ts'
import { counterName } from '../policy/index.ts'
import type { ApiDeps } from './deps.ts'
import type { KeyRoute } from './lookup.ts'
import { requirePolicy, splitParts } from './object-lookup.ts'
import { askMember } from './relay.ts'
import type { CountedJson, RuleCountersJson } from './types.ts'

const form = 'TENANT:POLICY'

/** For another host's answer: who is slower is named instead of waited for. */
const limitMs = 3_000

const path = '/api/v1/counters/policys'

export function addRuleCounterRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get<KeyRoute>(`${path}/:key`, async (request): Promise<RuleCountersJson> => {
    const { replica, connected, nameOf } = deps()
    const { key } = request.params
    const linked = new Set(connected())
    const others = replica.view.members().filter(member => member.key !== replica.self)
    const own = await ownCounters(deps(), key)
    const answers = await Promise.all(
      others.map(async member => {
        if (!linked.has(member.key)) return { name: member.name, missing: 'out of reach' }
        const counters = await countersOf(deps(), member, key).catch(error => ({ missing: errorText(error) }))
        return { name: member.name, ...counters }
      }),
    )
    const heard = answers.flatMap(answer => ('rules' in answer ? [answer] : []))
    return {
      hosts: [{ name: nameOf(replica.self), ...own }, ...heard],
      missing: answers.flatMap(answer => ('missing' in answer ? [{ name: answer.name, reason: answer.missing }] : [])),
    }
  })
  app.get<KeyRoute>(`${path}/:key/here`, request => ownCounters(deps(), request.params.key))
}

interface Counters {
  rules: Record<string, CountedJson>
}

async function ownCounters({ replica, ruleCounters }: ApiDeps, key: string): Promise<Counters> {
  const [tenant = '', policy = ''] = splitParts(form, key)
  requirePolicy(replica.view, tenant, policy)
  const rules: readonly Rule[] = replica.view.objects.rules(tenant, policy)
  const counted = rules.length === 0 ? new Map() : await ruleCounters(tenant)
  // an answer that is passed on has a limit of size: nothing counted is left out
  const found = rules.flatMap(({ id, hash, shown }) => {
    const value = counted.get(counterName(policy, id, hash))
    return value && value.packets > 0 ? [[shown, value] as const] : []
  })
  return { rules: Object.fromEntries(found) }
}

async function countersOf(deps: ApiDeps, member: Member, key: string): Promise<Counters> {
  const url = `${path}/${encodeURIComponent(key)}/here`
  const { status, body } = await askMember(deps, member, { method: 'GET', url, body: '' }, limitMs)
  if (status !== 200) throw new Error(body.trim())
  return { rules: readRules(JSON.parse(body)) }
}

/** What another host says is not trusted to have the right form. */
function readRules(body: { rules?: unknown }): Counters['rules'] {
  const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : 0)
  const entries = typeof body?.rules === 'object' ? Object.entries(body.rules ?? {}) : []
  return Object.fromEntries(
    entries.map(([id, value]) => [id, { packets: number(value?.packets), bytes: number(value?.bytes) }]),
  )
}

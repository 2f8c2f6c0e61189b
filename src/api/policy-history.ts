/** What happened to a policy, and the way back to an earlier state of its rules: from the records that are held. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { maxBatchLeaves } from '../crdt/batch.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { restoreRulesLeaves } from '../crdt/object-acts.ts'
import type { PolicyEvent } from '../crdt/policy-history.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { dotText } from '../crdt/vector.ts'
import { sha256, toHex } from '../lib/bytes.ts'
import { SkeinError } from '../lib/errors.ts'
import { ruleText } from '../model/rule.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, type KeyRoute, requireTenant, syncBeforeWriteMs, tenantFlag } from './lookup.ts'
import { splitParts } from './object-lookup.ts'
import { checkBody, setDot } from './reply.ts'
import type { PolicyEventJson, RestoredJson } from './types.ts'

const body = z.strictObject({ version: z.string() })
const form = 'TENANT:POLICY'
const versionDigits = 8

export function addPolicyHistoryRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get<KeyRoute>('/api/v1/history/policys/:key', (request): PolicyEventJson[] => {
    const { tenant, name, events } = find(deps().replica.view, request.params.key)
    return events.map(event => eventJson(deps(), event, tenant, name))
  })
  app.post<KeyRoute>('/api/v1/restore/policys/:key', async (request, reply): Promise<RestoredJson> => {
    const { version } = checkBody(body, request.body)
    const { leaves, dot } = await restorePolicy(deps(), request.params.key, version)
    setDot(reply, dot)
    return {
      added: leaves.flatMap(leaf => (leaf.kind === 'rule' ? [leaf.id] : [])),
      removed: leaves.flatMap(leaf => (leaf.kind === 'rule-rm' ? [`${leaf.id}~${leaf.value.slice(0, 4)}`] : [])),
    }
  })
}

/**
 * Makes the rules of the policy (`TENANT:POLICY`) what they were after the event that `version` names. Throws `invalid` or `not-found`.
 * Gives what it wrote.
 */
export async function restorePolicy({ replica }: ApiDeps, key: string, version: string) {
  await replica.syncNow(syncBeforeWriteMs)
  let leaves: Leaf[] = []
  const dot = await replica.write(view => {
    leaves = restoration(view, key, version)
    return leaves
  })
  return { leaves, dot }
}

/** Also of a policy that is deleted: its records say what it was. */
function find(view: RegistryView, key: string) {
  const [tenant = '', name = ''] = splitParts(form, key)
  requireTenant(view, tenant)
  const events = view.objects.history(tenant, name)
  if (events.length > 0) return { tenant, name, events }
  const list = `skein policy ls${tenantFlag(tenant)}`
  throw new SkeinError('not-found', `policy ${name} has no history${inTenant(tenant)}: see ${list}`)
}

/** Stable, whatever arrives later: made of the dot alone. */
export function versionOf(event: Pick<PolicyEvent, 'dot'>): string {
  return toHex(sha256(Buffer.from(dotText(event.dot)))).slice(0, versionDigits)
}

function restoration(view: RegistryView, key: string, version: string): Leaf[] {
  const { tenant, name, events } = find(view, key)
  const [event, second] = events.filter(each => version.length >= 4 && versionOf(each).startsWith(version))
  if (!event || second) {
    throw new SkeinError(
      'not-found',
      `version ${JSON.stringify(version)} names ${event ? 'more than one event' : 'no event'} of policy ${name}: ` +
        `see skein policy history${tenantFlag(tenant)} ${name}`,
    )
  }
  const leaves = restoreRulesLeaves(view.objects, tenant, name, view.objects.rulesAt(tenant, name, event.dot) ?? [])
  if (leaves.length <= maxBatchLeaves) return leaves
  throw new SkeinError(
    'invalid',
    `restoring ${version} changes ${leaves.length} rules, more than ${maxBatchLeaves} at once: ` +
      'write them to a file and use: skein apply -f FILE',
  )
}

function eventJson({ nameOf }: ApiDeps, event: PolicyEvent, tenant: string, policy: string): PolicyEventJson {
  const base = {
    version: versionOf(event),
    at: timeText(event.hlc[0]),
    by: nameOf(event.dot.writer),
  }
  switch (event.what) {
    case 'created':
    case 'deleted':
      return { ...base, what: `policy ${tenant}/${policy} ${event.what}`, state: '' }
    case 'attached':
      return { ...base, what: `given to group ${event.group}`, state: '' }
    case 'detached':
      return { ...base, what: `taken off group ${event.group}`, state: '' }
    case 'rule-removed':
      return { ...base, what: `rule ${event.id}${event.hash && `~${event.hash.slice(0, 4)}`} removed`, state: '' }
    case 'rule-added': {
      const who = event.by ? nameOf(event.by.writer) : ''
      const states = {
        live: 'in effect',
        removed: `removed by ${who}`,
        lost: `lost: ${who} removed rule ${event.id} at the same time`,
        dropped: `left behind when ${who} created the policy anew`,
      }
      const what = `rule ${event.id}~${event.hash.slice(0, 4)} added: ${ruleText(event.value)}`
      return { ...base, what, state: states[event.state] }
    }
  }
}

/** A hostile writer's clock may say any number. */
function timeText(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString()
}

/** `why`: whether one end reaches another, and by which rule. Reads alone: any peer answers, also in a split. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type Family, formatAddress } from '../model/address-match.ts'
import { type FlowKind, parseFlowKind } from '../model/flow-kind.ts'
import { ruleText } from '../model/rule.ts'
import { type Answer, type Change, type End, noAddress6, type Verdict, type WayAnswer, why } from '../policy/index.ts'
import type { ApiDeps } from './deps.ts'
import { requireTenant } from './lookup.ts'
import { checkBody } from './reply.ts'
import type { WhyCaseJson, WhyChangeJson, WhyEndJson, WhyJson, WhyWayJson } from './types.ts'

/** `host/name`, a whole id, or `group.network/tenant`. */
const word = z.string().min(1).max(512)
const query = z.strictObject({
  src: word,
  dst: word,
  flow: word,
  tenant: z.string().optional(),
  family: z.enum(['4', '6']).optional(),
})

export function addWhyRoute(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/why', (request): WhyJson => {
    const { src, dst, flow, tenant, family } = checkBody(query, request.query)
    const { replica, nameOf, hostStatus, connected } = deps()
    const { view, self } = replica
    if (tenant !== undefined) requireTenant(view, tenant)
    const kind = parseFlowKind(flow)
    const { datapath } = hostStatus()
    const unreachable = datapath.unreachable.map(({ member }) => member)
    return whyJson(
      deps(),
      kind,
      why(
        { view, nameOf, self, unreachable, outsideHas6: datapath.outsideHas6, connected: connected() },
        { src, dst, kind, tenant, family: family && (Number(family) as Family) },
      ),
    )
  })
}

function whyJson(deps: ApiDeps, { name, port }: FlowKind, { src, dst, passes, ways }: Answer): WhyJson {
  return {
    ...{ src: src.text, dst: dst.text, tenantName: ways[0]?.src.tenant ?? '' },
    ...{ protocol: name, port, passes },
    ways: ways.map(way => wayJson(deps, way)),
  }
}

function wayJson(deps: ApiDeps, answer: WayAnswer): WhyWayJson {
  const { kind, src, dst, text, remedy, commands, cases, decidedOn, judgedOn, change, notes } = answer
  const { tenant } = src
  const changed = kind === 'none' ? { action: 'allow' as const, commands, remedy } : change
  return {
    ...{ src: endJson(deps, src), dst: endJson(deps, dst), way: kind, text },
    cases: cases.map(each => caseJson(deps, tenant, each)),
    ...{ decidedOn: decidedOn.map(deps.nameOf), judgedOn: judgedOn.map(deps.nameOf) },
    ...(changed ? { change: changeJson(changed) } : {}),
    notes: [...notes],
  }
}

function changeJson({ action, commands, remedy }: Change): WhyChangeJson {
  return { passes: action === 'allow', commands: [...commands], remedy }
}

function endJson({ replica, nameOf }: ApiDeps, end: End): WhyEndJson {
  const { kind, tenant: tenantName } = end
  if (end.kind === 'outside') return { kind, tenantName, ipAddress: formatAddress(end.ip) }
  const place = { kind, tenantName, networkName: end.network.name }
  if (end.kind === 'unused') return { ...place, ipAddress: formatAddress(end.ip) }
  const { view } = replica
  if (end.kind === 'group') {
    const members = view.endpoints(end.network.id).filter(endpoint => endpoint.group === end.group.id)
    return { ...place, groupName: end.group.name, members: members.length }
  }
  const { endpoint } = end
  const group = endpoint.group === undefined ? undefined : view.objects.group(endpoint.group)
  return {
    ...place,
    ...(group ? { groupName: group.name } : {}),
    ...{ containerName: endpoint.containerName, containerID: endpoint.container },
    ...(end.ip === noAddress6 ? {} : { ipAddress: formatAddress(end.ip) }),
    homingHost: nameOf(endpoint.owner),
  }
}

function caseJson({ replica }: ApiDeps, tenant: string, { action, rule }: Verdict): WhyCaseJson {
  const passes = action === 'allow'
  if (!rule) return { passes }
  const { policy, id, priority, direction, group, value } = rule
  const groupName = replica.view.objects.group(group)?.name ?? ''
  return {
    passes,
    rule: {
      ...{ key: `${tenant}:${policy}:${id}`, policyName: policy, ruleId: id, priority, direction },
      ...{ groupName, text: ruleText(value) },
    },
  }
}

/** What can be done to a network that exists: another name, or its containers into another network. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { cancelDrainLeaves, drainNetworkLeaves, renameNetworkLeaves } from '../crdt/acts.ts'
import { checkGroupSlot, checkNetworkSlot } from '../crdt/docker-slots.ts'
import type { Leaf } from '../crdt/leaves.ts'
import { createGroupLeaves } from '../crdt/object-acts.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkName } from '../model/names.ts'
import type { NetworkId } from '../model/network.ts'
import type { ApiDeps } from './deps.ts'
import { inTenant, type KeyRoute, networkKey, requireNetwork, syncBeforeWriteMs, tenantFlag } from './lookup.ts'
import { checkBody, setDot } from './reply.ts'
import { type DrainJson, existedHeader, type RenamedJson } from './types.ts'
import { checkNamedByNoRule } from './users-of.ts'

const renameBody = z.strictObject({ name: z.string() })
const drainBody = z.union([z.strictObject({ into: z.string() }), z.strictObject({ cancel: z.literal(true) })])

export function addNetworkChangeRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.post<KeyRoute>('/api/v1/networks/:key/rename', async (request, reply): Promise<RenamedJson> => {
    const { name } = checkBody(renameBody, request.body)
    const { id, dot } = await renameNetwork(deps(), request.params.key, name)
    setDot(reply, dot)
    if (!dot) reply.header(existedHeader, 'true')
    const renamed = deps().replica.view.network(id)
    return { key: renamed ? networkKey(renamed) : request.params.key, existed: !dot }
  })
  app.post<KeyRoute>('/api/v1/networks/:key/drain', async (request, reply): Promise<DrainJson> => {
    const asked = checkBody(drainBody, request.body)
    const { id, dot } = await drainNetwork(deps(), request.params.key, 'into' in asked ? asked.into : undefined)
    setDot(reply, dot)
    if (!dot) reply.header(existedHeader, 'true')
    return { ...drainJson(deps(), id), key: request.params.key, existed: !dot }
  })
}

/** Gives the network of this key another name. Throws `invalid`, `not-found` or `conflict`. */
export async function renameNetwork(deps: ApiDeps, key: string, name: string): Promise<Changed> {
  checkName('network', name)
  return change(deps, key, (view, network) => rename(view, network, name))
}

/** Has the network of this key drained into the one of that name, or ends that (undefined). Throws `invalid`, `not-found` or `conflict`. */
export async function drainNetwork(deps: ApiDeps, key: string, into: string | undefined): Promise<Changed> {
  return change(deps, key, (view, network) =>
    into === undefined ? cancelDrainLeaves(view, network.id) : drain(view, network, into),
  )
}

interface Changed {
  readonly id: NetworkId
  /** Undefined if it was so already. */
  readonly dot: Dot | undefined
}

/** Learns what the members within reach know, then decides on the newest view, in the write's own turn. */
async function change(
  { replica }: ApiDeps,
  key: string,
  build: (view: RegistryView, network: Network) => readonly Leaf[],
): Promise<Changed> {
  await replica.syncNow(syncBeforeWriteMs)
  let id = ''
  const dot = await replica.write(view => {
    const network = requireNetwork(view, key)
    id = network.id
    return build(view, network)
  })
  return { id, dot }
}

function rename(view: RegistryView, network: Network, name: string): readonly Leaf[] {
  const { tenant } = network
  const rival = view.networkByName(tenant, name)
  if (rival && rival.id !== network.id) {
    throw new SkeinError(
      'conflict',
      `network ${name} exists${inTenant(tenant)}: choose another name, or see skein net ls${tenantFlag(tenant)}`,
    )
  }
  const leaves = renameNetworkLeaves(view, network.id, name)
  if (leaves.length === 0) return leaves
  checkNamedByNoRule(view, network, 'rename')
  checkNetworkSlot(view, tenant, name)
  for (const group of groupsOn(view, network)) checkGroupSlot(view, tenant, group.name, name)
  return leaves
}

function drain(view: RegistryView, network: Network, into: string): readonly Leaf[] {
  const { tenant, name } = network
  const goal = requireNetwork(view, `${tenant}:${into}`)
  if (goal.id === network.id) {
    throw new SkeinError('invalid', `network ${name} cannot be drained into itself: name another with --into`)
  }
  const leaves = [...drainNetworkLeaves(view, network.id, goal.id), ...counterparts(view, network, goal)]
  if (leaves.length === 0 || goal.into === undefined) return leaves
  const further = view.network(goal.into)?.name ?? ''
  throw new SkeinError(
    'conflict',
    `network ${into} is itself drained into ${further}: use --into ${further}, or end that with: ` +
      `skein net drain${tenantFlag(tenant)} ${into} --cancel`,
  )
}

/** Members of a group move into the group of that name on the goal, with the same policies: those that are missing are made. */
function counterparts(view: RegistryView, network: Network, { id }: Network): Leaf[] {
  const there = groupsOn(view, { id, tenant: network.tenant }).map(group => group.bornName)
  const missing = groupsOn(view, network).filter(({ bornName }) => !there.includes(bornName))
  return missing.flatMap(({ tenant, bornName: name, policies, profile }) =>
    createGroupLeaves(view.objects, { tenant, name, network: id, pool: '' }, { policies, profile }),
  )
}

function groupsOn({ objects }: RegistryView, { id, tenant }: Pick<Network, 'id' | 'tenant'>) {
  return objects.groups(tenant).filter(group => group.network === id && group.status === 'live')
}

function drainJson({ replica: { view } }: ApiDeps, id: string) {
  const into = view.network(id)?.into
  return { into: into === undefined ? '' : (view.network(into)?.name ?? ''), endpoints: view.endpoints(id).length }
}

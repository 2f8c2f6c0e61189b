/**
 * Many objects in one request: creates what is missing, tenants first, gives groups and profiles what the file says of
 * them, and deletes nothing. Each object is decided on
 * and written by itself, so what cannot be made holds up nothing else; doing it again does only what is left.
 */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { settleTag } from '../crdt/vlan-tags.ts'
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import { checkName, defaultTenant, isNetworkName } from '../model/names.ts'
import { checkNetwork, checkSpec, type NetworkRequest, type NetworkSpec } from '../model/network.ts'
import { dryObjectMakers, type ObjectMakers, objectJobs, objectsBody, realObjectMakers } from './apply-objects.ts'
import { findEqual, type Known, writeNetwork } from './create-network.ts'
import type { ApiDeps } from './deps.ts'
import { networkKey, syncBeforeWriteMs } from './lookup.ts'
import { checkBody, setDot, toSkeinError } from './reply.ts'
import { writeTenant } from './tenants.ts'
import type { AppliedJson, ApplyJson, DockerJson } from './types.ts'

/** Some 5,000 networks; below a message of the mesh, since this may be passed on. */
export const applyBodyLimit = 768 * 1024
/** Below the handler's own 25 s. What is not done by then is reported as refused. */
const limitMs = 18_000

/** Labels or options: the limits of the record (docs/reference/records.md). */
const texts = z
  .record(z.string().max(512), z.string().max(16_384))
  .refine(pairs => Object.keys(pairs).length <= 256, { error: 'at most 256' })
  .default({})

const body = z.strictObject({
  dryRun: z.boolean().default(false),
  ...objectsBody,
  tenants: z.array(z.strictObject({ name: z.string() })).default([]),
  networks: z
    .array(
      z.strictObject({
        tenant: z.string().default(defaultTenant),
        name: z.string(),
        subnet: z.string(),
        encap: z.string().optional(),
        type: z.string().optional(),
        pktTag: z.number().optional(),
        gateway: z.string().optional(),
        subnet6: z.string().optional(),
        gateway6: z.string().optional(),
        docker: z.strictObject({ labels: texts, options: texts, internal: z.boolean().default(false) }).optional(),
      }),
    )
    .default([]),
})

/** Makes one object, or only checks it. */
type Make = () => Promise<{ dot?: Dot | undefined; existed: boolean }>
type Job = Pick<AppliedJson, 'kind' | 'key'> & { make: Make }

export function addApplyRoute(app: FastifyInstance, deps: () => ApiDeps, clock: Clock): void {
  app.post('/api/v1/apply', { bodyLimit: applyBodyLimit }, async (request, reply): Promise<ApplyJson> => {
    const { dryRun, tenants, networks, ...objects } = checkBody(body, request.body)
    const { replica } = deps()
    await replica.syncNow(syncBeforeWriteMs)
    const makers = dryRun ? dryMakers(replica.view) : realMakers(deps())
    const jobs: Job[] = [
      ...tenants.map(({ name }): Job => ({ kind: 'tenant', key: name, make: () => makers.tenant(name) })),
      ...networks.map(
        (network): Job => ({ kind: 'network', key: networkKey(network), make: () => makers.network(network) }),
      ),
      ...objectJobs(objects, makers.objects),
    ]
    const { results, dot } = await runAll(jobs, clock)
    setDot(reply, dot)
    return { results }
  })
}

async function runAll(jobs: readonly Job[], clock: Clock): Promise<{ results: AppliedJson[]; dot: Dot | undefined }> {
  const deadline = clock.monotonic() + limitMs
  const results: AppliedJson[] = []
  let last: Dot | undefined
  for (const { kind, key, make } of jobs) {
    try {
      if (clock.monotonic() > deadline) throw new SkeinError('timeout', 'not tried, for lack of time: apply once more')
      const { dot, existed } = await make()
      last = dot ?? last
      results.push({ kind, key, outcome: !existed ? 'created' : dot ? 'changed' : 'exists' })
    } catch (error) {
      const { code, message } = toSkeinError(error)
      results.push({ kind, key, outcome: 'refused', error: { code, text: message } })
    }
  }
  return { results, dot: last }
}

interface Makers {
  tenant(name: string): ReturnType<Make>
  network(request: Wanted): ReturnType<Make>
  objects: ObjectMakers
}

type Wanted = NetworkRequest & { docker?: DockerJson | undefined }

/** Names that only Docker allows are for networks born there. */
function specOf(wanted: Wanted): NetworkSpec {
  if (!wanted.docker || !isNetworkName(wanted.name)) return checkNetwork(wanted)
  checkName('tenant', wanted.tenant)
  return checkSpec(wanted)
}

function realMakers(deps: ApiDeps): Makers {
  return {
    tenant: async name => {
      checkName('tenant', name)
      return writeTenant(deps, name)
    },
    network: async wanted => writeNetwork(deps, wanted, specOf(wanted), wanted.docker),
    objects: realObjectMakers(deps),
  }
}

/** Decides as `realMakers` would, and remembers what it would have made. */
function dryMakers(view: RegistryView): Makers {
  const tenants = new Set(view.tenants())
  const networks: Network[] = []
  const known: Known = {
    hasTenant: name => tenants.has(name),
    networks: tenant => [...view.networks(tenant), ...networks.filter(network => network.tenant === tenant)],
    networkByName: (tenant, name) =>
      view.networkByName(tenant, name) ?? networks.find(network => network.tenant === tenant && network.name === name),
    objects: view.objects,
  }
  const tags = () => ({ networks: [...view.networks(), ...networks], range: view.objects.globals().vlans })
  return {
    tenant: async name => {
      checkName('tenant', name)
      const existed = tenants.has(name)
      tenants.add(name)
      return { existed }
    },
    network: async request => {
      const spec = specOf(request)
      const existed = findEqual(known, request.tenant, request.name, spec)
      if (existed) return { existed }
      settleTag(spec, tags(), () => '0')
      // one that Skein is to choose stays open: it may be any
      networks.push(imagined(request, spec))
      return { existed }
    },
    objects: dryObjectMakers(known, view),
  }
}

function imagined({ tenant, name }: NetworkRequest, spec: NetworkSpec): Network {
  const names = { name, bornName: name, givenName: name, named: [0, 0] as const }
  return { id: '', tenant, ...names, generation: 0, spec, roster: [], created: [0, 0], status: 'live' }
}

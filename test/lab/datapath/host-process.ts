/**
 * A peer without Docker, run inside a host's namespaces: the shipped mesh, replica, admission and data path. The test
 * gives it orders over the process's IPC channel: `{ id, order, args }`, answered by `{ id, value }` or `{ id, error }`.
 */
import '../../../src/polyfills.ts'
import { createNetworkLeaves, createTenantLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { meshIdOf } from '../../../src/crdt/identity.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import {
  addRuleLeaves,
  changeGroupLeaves,
  createGroupLeaves,
  createPolicyLeaves,
  removeRuleLeaves,
} from '../../../src/crdt/object-acts.ts'
import type { Attachment } from '../../../src/datapath/index.ts'
import { createDatapath } from '../../../src/datapath/index.ts'
import { systemClock as clock } from '../../../src/lib/clock.ts'
import { errorText } from '../../../src/lib/errors.ts'
import { newSeed, signerOf, verifySignature as verify } from '../../../src/lib/keys.ts'
import { createLogger } from '../../../src/lib/log.ts'
import { createMesh } from '../../../src/mesh/create.ts'
import { createRequestJoin } from '../../../src/mesh/join.ts'
import type { Invitation } from '../../../src/mesh/transport.ts'
import { parseFlowKind } from '../../../src/model/flow-kind.ts'
import { checkNetwork, type NetworkId } from '../../../src/model/network.ts'
import { checkRule, type RuleRequest } from '../../../src/model/rule.ts'
import { type Answer, type Change, counterName, type DecidingRule, why } from '../../../src/policy/index.ts'
import { createAdmission, found } from '../../../src/replica/admission.ts'
import { createReplica } from '../../../src/replica/create.ts'
import { joinMesh } from '../../../src/replica/join.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import { openFileDisk } from '../../../src/store/file-disk.ts'
import { leavesOf } from '../../support/typed-command.ts'

export interface HostConfig {
  name: string
  address: string
  seed: Uint8Array
  directory: string
  /** None: this peer founds the mesh. */
  invitation?: Invitation | undefined
  /** Of an earlier run with this directory. */
  meshId?: string | undefined
  mtu?: number
}

export const vxlanPort = 7374

export interface WhySaid extends Pick<Answer, 'passes'> {
  /** `counter`: of the rule that decides, if one does. */
  readonly cases: readonly { readonly action: string; readonly counter: string | undefined }[]
  /** Names of hosts. */
  readonly decidedOn: readonly string[]
  readonly judgedOn: readonly string[]
  readonly change: Change | undefined
}

async function startPeer({ name, address, seed, directory, invitation, mtu = 1500, ...config }: HostConfig) {
  const log = createLogger((process.env.SKEIN_LOG_LEVEL as 'debug') ?? 'silent')
  const signer = signerOf(seed)
  const listen = `${address}:7373`
  const nonce = new Uint8Array(16)
  const meshId = config.meshId ?? invitation?.meshId ?? meshIdOf(signer.key, nonce)
  const mesh = createMesh({ seed, meshId, listen, clock, log })
  const self = { name, addresses: [listen] }
  if (invitation) mesh.setMembers(await joinMesh(createRequestJoin({ clock }), invitation, signer, self, 5000))
  const disk = await openFileDisk(directory)
  const base = { signer, verify, clock, log }
  const replica = await createReplica({ ...base, meshId, disk, openJournal, transport: mesh, random: Math.random })
  const admission = createAdmission({ ...base, replica, mesh, newSeed })
  if (!invitation && !config.meshId) await found(replica, nonce, name, [listen])
  admission.start()
  replica.start()
  await mesh.start()
  await replica.write(() => [{ kind: 'peer', name, addresses: [listen], vtepAddress: address, mtu }])
  const datapath = createDatapath({ replica, clock, log, vxlanPort, vtepAddress: address })
  datapath.start()
  return { listen, mesh, replica, admission, datapath }
}

let peer: Awaited<ReturnType<typeof startPeer>> | undefined

function started() {
  if (!peer) throw new Error('not started')
  return peer
}

export const orders = {
  async start(config: HostConfig) {
    peer = await startPeer(config)
    return { key: peer.replica.self, meshId: peer.replica.view.meshId }
  },
  invite: () => started().admission.invite(60_000, [started().listen]),
  settled: async () =>
    started()
      .replica.view.members()
      .filter(member => member.settled).length,
  async create(
    tenant: string,
    name: string,
    pktTag: number,
    subnet = '10.1.1.0/24',
    gateway = '',
    subnet6 = '',
    gateway6 = '',
  ) {
    const { replica } = started()
    const spec = checkNetwork({ tenant, name, subnet, gateway, pktTag, subnet6, gateway6 })
    await replica.write(view => createTenantLeaves(view, tenant))
    await replica.write(view => createNetworkLeaves(view, { tenant, name, spec }))
    return replica.view.networkByName(tenant, name)?.id ?? ''
  },
  removeRecord: async (network: NetworkId) => {
    await started().replica.write(view => removeNetworkLeaves(view, network))
  },
  write: async (leaf: Leaf) => {
    await started().replica.write(() => [leaf])
  },
  /** Makes a group with these policies, or gives them to one that is there; resolves with its id. */
  async group(network: NetworkId, name: string, policies: string[]) {
    const { replica } = started()
    const { tenant = '' } = replica.view.network(network) ?? {}
    await replica.write(({ objects }) => {
      const group = objects.groupByName(tenant, name)
      if (group) return changeGroupLeaves(objects, group, { policies })
      return createGroupLeaves(objects, { tenant, name, network, pool: '' }, { policies })
    })
    return replica.view.objects.groupByName(tenant, name)?.id ?? ''
  },
  async rules(tenant: string, policy: string, added: Record<string, RuleRequest>, removed: string[] = []) {
    await started().replica.write(({ objects }) => [
      ...createPolicyLeaves(objects, tenant, policy),
      ...removed.flatMap(id => removeRuleLeaves(objects, tenant, policy, id)),
      ...Object.entries(added).flatMap(([id, rule]) => addRuleLeaves(objects, tenant, policy, id, checkRule(rule))),
    ])
  },
  /** What `skein why` says. */
  async why(src: string, dst: string, flow: string, tenant?: string, family?: 4 | 6): Promise<WhySaid> {
    const { view, self } = started().replica
    const nameOf = (key: string) => view.member(key)?.name ?? key
    const facts = { view, self, nameOf, unreachable: [], connected: [] }
    const { passes, ways } = why(facts, { src, dst, kind: parseFlowKind(flow), tenant, family })
    const [way] = ways
    const counterOf = ({ policy, id }: DecidingRule): string => {
      const rule = view.objects.rules(way?.src.tenant ?? '', policy).find(({ shown }) => shown === id)
      return rule ? counterName(policy, rule.id, rule.hash) : ''
    }
    return {
      passes,
      cases: (way?.cases ?? []).map(({ action, rule }) => ({ action, counter: rule ? counterOf(rule) : undefined })),
      decidedOn: (way?.decidedOn ?? []).map(nameOf),
      judgedOn: (way?.judgedOn ?? []).map(nameOf),
      change: way?.change,
    }
  },
  /** A command that it names. */
  type: async (command: string) => {
    await started().replica.write(view => leavesOf(view, command))
  },
  digest: async () => started().replica.view.digest(),
  knows: async (network: NetworkId) => started().replica.view.network(network) !== undefined,
  locate: async (network: NetworkId, endpointId: string, sandbox: string) => {
    started().datapath.locate({ network, endpointId, sandbox })
  },
  vteps: async (network: NetworkId) => started().replica.view.vteps(network),
  endpoints: async (network: NetworkId) => started().replica.view.endpoints(network).length,
  ensure: (network: NetworkId) => started().datapath.ensureNetwork(network),
  remove: (network: NetworkId) => started().datapath.removeNetwork(network),
  async attach(attachment: Attachment) {
    const begun = performance.now()
    const answer = await started().datapath.attach(attachment)
    return { ...answer, tookMs: performance.now() - begun }
  },
  detach: (network: NetworkId, endpointId: string) => started().datapath.detach(network, endpointId),
  status: async () => started().datapath.status(),
  counters: (tenant: string) => started().datapath.ruleCounters(tenant),
  async stop() {
    const { datapath, admission, mesh, replica } = started()
    await datapath.stop()
    admission.stop()
    await mesh.stop()
    await replica.stop()
  },
}

export type Orders = typeof orders

interface Order {
  id: number
  order: keyof Orders
  args: unknown[]
}

process.on('message', async ({ id, order, args }: Order) => {
  try {
    const value = await (orders[order] as (...args: unknown[]) => Promise<unknown>)(...args)
    process.send?.({ id, value })
  } catch (error) {
    process.send?.({ id, error: errorText(error) })
  }
})
process.on('disconnect', () => process.exit(0))

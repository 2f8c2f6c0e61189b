/** What this host alone keeps in its journal: one of each local fact, kept and read by the code whose it is. */
import assert from 'node:assert/strict'
import { createNetworkLeaves, removeNetworkLeaves } from '../../../src/crdt/acts.ts'
import { openBatch } from '../../../src/crdt/batch.ts'
import { createDockerNetworks } from '../../../src/driver/docker-networks.ts'
import { createKernelNetworks } from '../../../src/driver/kernel-networks.ts'
import { createLocalState } from '../../../src/driver/local-state.ts'
import { createPoolFacts, type PoolFact } from '../../../src/driver/pool-facts.ts'
import { writeHandle } from '../../../src/driver/pool-handle.ts'
import type { DatapathPort } from '../../../src/driver/ports.ts'
import { Books } from '../../../src/ipam/books.ts'
import { anyone } from '../../../src/ipam/core/claimant.ts'
import { fromHex } from '../../../src/lib/bytes.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { BatchLog } from '../../../src/replica/batch-log.ts'
import { Completeness } from '../../../src/replica/completeness.ts'
import { Fence } from '../../../src/replica/fence.ts'
import type { RemovalNotice } from '../../../src/replica/removal-fence.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { unitOf } from '../../../src/replica/unit.ts'
import { golden } from './golden.ts'

/** A value, and the facts by which it outlives the process, all of one peer. */
export interface Fact<T> {
  readonly value: T
  /** @param journal for code that writes into the journal by itself */
  keep(value: T, replica: Replica, journal: (entries: readonly Uint8Array[]) => Promise<void>): Promise<void>
  /** In a process that was not there when it was kept. */
  read(replica: Replica): T | undefined | Promise<T | undefined>
}

const fact = <T>(of: Fact<T>) => of as Fact<unknown>

const [keyA, hash, network] = ['aa'.repeat(32), 'cd'.repeat(32), '12'.repeat(32)]
const dockerId = 'dd'.repeat(32)

function poolFact(prefix: string, pool: string, gateway: string): Fact<unknown> {
  const asked = { pool, gateway, said: { tenant: 'blue', 'pkt-tag': '112' } }
  const claim = { dockerId, tenant: 'blue', group: 'db' }
  return fact<PoolFact>({
    value: { ...asked, handle: writeHandle(asked, '0123456789ab'), claim },
    keep: (made, { local }) => local.set([createPoolFacts(local, prefix).claim(made, made.claim ?? claim)]),
    read: ({ local }) => createPoolFacts(local, prefix).claimed(dockerId),
  })
}

function completenessOn({ local }: Replica, log: BatchLog, journal = async (_: readonly Uint8Array[]) => {}) {
  const deps = { self: keyA, log, facts: local, hasRefused: () => false, completed: () => undefined }
  return new Completeness({ ...deps, journal: entry => journal([entry]) })
}

/** A network whose id is always the same: of one founder. */
async function vlanOn(replica: Replica): Promise<string> {
  const [tenant, name] = ['default', 'old']
  const spec = checkNetwork({ tenant, name, subnet: '10.3.0.0/24', encap: 'vlan', pktTag: 112 })
  await replica.write(view => createNetworkLeaves(view, { tenant, name, spec }))
  return replica.view.networkByName(tenant, name)?.id ?? assert.fail('no network')
}

function kernelOn(replica: Replica, removed: string[] = []) {
  const datapath = { ensureNetwork: async () => 112, removeNetwork: async (id: string) => void removed.push(id) }
  return createKernelNetworks({ replica, clock: systemClock, datapath: datapath as unknown as DatapathPort })
}

/** By the keys that docs/reference/wire.md has of it. */
export const facts: Readonly<Record<string, Fact<unknown>>> = {
  'replica/fenced replica/fenced-by': fact({
    value: {
      why: "this peer's data directory is older than what other members hold of it (9 records)",
      maySucceed: true,
    },
    keep: (_, { local }, journal) => new Fence(journal, local, silentLogger).close({ kind: 'members', counter: 9 }),
    read: ({ fenced, maySucceed }) => ({ why: fenced?.message.split(': ')[0] ?? '', maySucceed }),
  }),
  'replica/removed': fact<RemovalNotice>({
    value: { starter: keyA, startedOn: 'host2', sinceMs: 1_764_000_000_000, cut: 70_001, isLeaving: true },
    keep: (notice, replica) => replica.fence(notice),
    read: replica => replica.removedBy,
  }),
  'replica/complete': fact({
    value: true,
    async keep(_, replica, journal) {
      const log = new BatchLog()
      const batch = openBatch(fromHex(golden('batches').first ?? ''))
      log.add(unitOf(batch))
      const completeness = completenessOn(replica, log, journal)
      completeness.begin(new Map([[batch.writer, [{ counter: batch.last, hash: batch.hash }]]]))
      await completeness.look()
    },
    read: replica => completenessOn(replica, new BatchLog()).isComplete,
  }),
  'ipam/NETWORK/IP': fact({
    value: { held: [0x0a010203], freed: [[0x0a010204, 1]] },
    async keep({ held, freed }, replica) {
      const books = new Books(replica, systemClock)
      const pool = books.pool(network)
      for (const ip of [...held, ...freed.flatMap(([ip = 0]) => ip)]) await books.hold(pool, ip, true)
      for (const [ip = 0] of freed) await books.release(pool, ip)
      books.stop()
    },
    read(replica) {
      const books = new Books(replica, systemClock)
      books.stop()
      const ledger = books.find(network)?.ledger
      const freed = [...(ledger?.freed() ?? [])].map(([ip, { sequence }]) => [ip, sequence])
      return { held: [...(ledger?.held() ?? [])].map(([ip]) => ip), freed }
    },
  }),
  'ipam-group/NETWORK/IP': fact({
    value: [0x0a010203, hash],
    async keep([ip = 0, group], replica) {
      const books = new Books(replica, systemClock)
      await books.hold(books.pool(network), Number(ip), false, String(group))
      await books.release(books.pool(network), Number(ip))
      books.stop()
    },
    read(replica) {
      const books = new Books(replica, systemClock)
      books.stop()
      const [[ip = 0] = []] = [...(books.find(network)?.ledger.freed() ?? [])]
      // whose it was may have it at once (R7)
      const waitMs = (group: string) =>
        books.find(network)?.coolsInMs(replica.view, ip, { ...anyone, group, hasGroups: true }, systemClock.monotonic())
      return [ip, ...[keyA, hash].filter(group => waitMs(group) === 0)]
    },
  }),
  'docker/net/ID': fact({
    value: `${network}/${hash}`,
    keep: (pool, { local }) => createDockerNetworks(local).remember(dockerId, pool),
    read: ({ local }) => createDockerNetworks(local).poolOf(dockerId),
  }),
  'docker/pool/HANDLE': poolFact('docker/pool/', '10.1.2.0/24', '10.1.2.0/24'),
  'docker/pool6/HANDLE': poolFact('docker/pool6/', 'fd00:6::/64', 'fd00:6::/128'),
  'docker/registered': fact({
    value: true,
    keep: (_, { local }) => createLocalState(local, systemClock).noteRegistered(),
    // never, if it is not kept
    read: ({ local }) =>
      createLocalState(local, systemClock)
        .registered()
        .then(() => true),
  }),
  'kernel/vlan/NETWORK': fact({
    value: ['old'],
    async keep(_, replica) {
      await kernelOn(replica).ensure(await vlanOn(replica))
    },
    async read(replica) {
      const id = await vlanOn(replica)
      await replica.write(view => removeNetworkLeaves(view, id))
      const removed: string[] = []
      await kernelOn(replica, removed).clearDeleted(new Set())
      return removed.map(each => (each === id ? 'old' : each))
    },
  }),
}

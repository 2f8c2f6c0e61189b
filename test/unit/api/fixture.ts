/** A peer for the API's tests: the real replica on a memory disk, with what the network would say as the test wants it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiDeps } from '../../../src/api/deps.ts'
import { type Api, type ApiOptions, createApi } from '../../../src/api/server.ts'
import { admissionProof } from '../../../src/crdt/identity.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { contentName } from '../../../src/crdt/registry.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { newSeed, type PeerKey, type Signer, signerOf } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { createRemovalService } from '../../../src/replica/removal.ts'
import type { BuildLeaves, Replica } from '../../../src/replica/replica.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer } from '../../support/memory-peer.ts'

export interface TestPeer {
  deps: ApiDeps
  registry: RegistryView
  signer: Signer
  /** Writes as this peer. */
  write(leaves: readonly Leaf[] | BuildLeaves): Promise<void>
  /** Admits a further peer, which never starts, and gives its key. */
  admit(name: string): Promise<PeerKey>
  /** Puts an endpoint of this peer on a network. */
  addEndpoint(tenant: string, network: string, ip: string, containerName?: string): Promise<void>
  /** Called by each syncNow, as if the members had news. */
  onSync: () => Promise<void>
  syncs: number
  /** What whoHas answers, call by call; the last one stays. */
  whoHas: { have: PeerKey[]; missing: PeerKey[] }[]
  connected: PeerKey[]
  stop(): Promise<void>
}

export async function createTestPeer(): Promise<TestPeer> {
  const { replica, signer, stop } = await foundPeer(new MemoryHub(), 'host1')
  const registry = replica.view
  const write = async (leaves: readonly Leaf[] | BuildLeaves) =>
    void (await replica.write(typeof leaves === 'function' ? leaves : () => leaves))
  const peer: TestPeer = {
    registry,
    signer,
    write,
    onSync: async () => {},
    syncs: 0,
    whoHas: [{ have: [], missing: [] }],
    connected: [],
    deps: undefined as unknown as ApiDeps,
    stop,
    async admit(name) {
      const key = signerOf(newSeed()).key
      await write(admissionLeaves(registry, key, name))
      return key
    },
    async addEndpoint(tenant, network, ip, containerName = '') {
      const id = registry.networkByName(tenant, network)?.id as string
      const address = parseIp(ip) as number
      const mac = macOf(address)
      await write([{ kind: 'endpoint', id: ip, network: id, ip: address, mac, container: '', containerName }])
    },
  }
  peer.deps = depsOf(replica, {
    connected: () => peer.connected,
    replica: {
      ...pass(replica),
      async syncNow() {
        peer.syncs++
        await peer.onSync()
      },
      async whoHas() {
        return (peer.whoHas.length > 1 ? peer.whoHas.shift() : peer.whoHas[0]) as {
          have: PeerKey[]
          missing: PeerKey[]
        }
      },
    },
  })
  return peer
}

/** The admission of a peer by the only writer there is, with the list of those that it admitted before. */
function admissionLeaves(view: RegistryView, key: PeerKey, name: string): Leaf[] {
  const invitation = signerOf(newSeed())
  const known = knownLeaf(view)
  const proof = invitation.sign(admissionProof(view.meshId, key, name))
  const addresses = ['192.168.2.11:7373']
  return [
    { kind: 'invitation', invitation: invitation.key, expiresMs: 1, uses: 1 },
    known,
    { kind: 'admission', key, name, addresses, invitation: invitation.key, proof, known: contentName(known) },
  ]
}

/** A class instance has private fields: its methods are passed on one by one. */
function pass(replica: Replica): Replica {
  return {
    self: replica.self,
    view: replica.view,
    local: replica.local,
    write: (build, asFounder) => replica.write(build, asFounder),
    onChange: listener => replica.onChange(listener),
    waitFor: (test, limitMs) => replica.waitFor(test, limitMs),
    syncNow: limitMs => replica.syncNow(limitMs),
    whoHas: (dot, limitMs) => replica.whoHas(dot, limitMs),
    syncStatus: () => replica.syncStatus(),
    collectionStatus: () => replica.collectionStatus(),
    wrongSignatures: () => replica.wrongSignatures(),
    contradicted: () => replica.contradicted(),
    differences: () => replica.differences(),
    isComplete: replica.isComplete,
    unwritten: replica.unwritten,
    get fenced() {
      return replica.fenced
    },
    get isOffForGood() {
      return replica.isOffForGood
    },
    get maySucceed() {
      return replica.maySucceed
    },
    seal: () => replica.seal(),
    vector: () => replica.vector(),
    batchAt: dot => replica.batchAt(dot),
    written: after => replica.written(after),
    removedBy: replica.removedBy,
    fence: notice => replica.fence(notice),
    takeProof: bytes => replica.takeProof(bytes),
    onShown: listener => replica.onShown(listener),
    start: () => replica.start(),
    stop: () => replica.stop(),
  }
}

/** What the agent hands to the API, around a replica. */
export function depsOf(replica: Replica, some: Partial<ApiDeps> = {}): ApiDeps {
  return {
    replica,
    ipam: {
      held: () => [],
      usage: () => [],
      reserve: async () => undefined,
      unreserve: async () => undefined,
      drain: async () => ({ given: 2, left: 0, inUse: 1, to: [], waitingFor: [] }),
    },
    relay: { ask: async () => new Uint8Array(), handle: () => {} },
    admission: {
      invite: async (ttlMs, uses) => `token-for-${ttlMs}${uses === 1 ? '' : `-and-${uses}`}`,
      join: async () => {},
      leave: async () => {},
      rejoin: async () => {},
    },
    removal: createRemovalService({
      replica,
      mesh: { connected: () => [...(some.connected?.() ?? [])] },
      log: silentLogger,
    }),
    version: { version: '0.1.0', gitCommit: 'abc', buildTime: 'now' },
    hostStatus: () => ({
      docker: { reachable: true, error: '' },
      datapath: { repaired: 0, errors: [], unreachable: [] },
      conditions: [],
    }),
    ruleCounters: async () => new Map(),
    connected: () => [],
    nameOf: key => replica.view.everMember(key)?.name ?? key.slice(0, 8),
    ...some,
  }
}

export interface Answer {
  status: number
  reason: string
  headers: Record<string, string | string[] | undefined>
  text: string
  /** Throws if the answer is no JSON. */
  json(): unknown
}

export type Target = { socketPath: string } | { host: string; port: number }

export interface CallOptions {
  body?: unknown
  raw?: string
  headers?: Record<string, string>
}

/** One request, as Contiv's client makes it: no content type. */
export function call(target: Target, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const payload = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body))
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, method, path, agent: false, headers: options.headers ?? {} }, incoming => {
      const chunks: Buffer[] = []
      incoming.on('data', chunk => chunks.push(chunk))
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const { statusCode = 0, statusMessage = '', headers } = incoming
        resolve({ status: statusCode, reason: statusMessage, headers, text, json: () => JSON.parse(text) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(payload)
  })
}

export interface TestApi {
  api: Api
  socketPath: string
  call(method: string, path: string, options?: CallOptions): Promise<Answer>
  stop(): Promise<void>
}

/** An API on a socket in a directory of its own. */
export async function startTestApi(options: Partial<ApiOptions> = {}): Promise<TestApi> {
  const directory = mkdtempSync(join(tmpdir(), 'skein-api-'))
  const socketPath = options.socketPath ?? join(directory, 'run', 'skein.sock')
  const api = createApi({ log: silentLogger, ...options, socketPath })
  await api.start()
  return {
    api,
    socketPath,
    call: (method, path, callOptions) => call({ socketPath }, method, path, callOptions),
    async stop() {
      await api.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

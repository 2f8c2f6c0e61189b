/** The libp2p node under the mesh, and under a joiner: TCP, noise, yamux, and none of libp2p's own housekeeping. */
import { noise } from '@chainsafe/libp2p-noise'
import type { ConnectionGater } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { gossipServices } from './gossip.ts'
import type { Members } from './members.ts'
import { privateKeyOf } from './peer-id.ts'

/** An address of a member has this long to become a connection, ms. TCP sends its first packet again after 1 s. */
export const dialLimitMs = 3_000

export interface NodeOptions {
  seed: Uint8Array
  /** Multiaddrs; none for a peer that only dials. */
  listen: string[]
  gater: ConnectionGater
}

/** libp2p options that every node of Skein has. The node is not started. */
export async function nodeOptions({ seed, listen, gater }: NodeOptions) {
  return {
    start: false,
    privateKey: await privateKeyOf(seed),
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    // a stream's receiver that does not read may hold back this much, not libp2p's 16 MiB
    streamMuxers: [yamux({ enableKeepAlive: false, streamOptions: { maxStreamWindowSize: 4 * 1024 * 1024 } })],
    connectionGater: gater,
    // it cut healthy connections of busy hosts (reference/style.md 0.6); link.ts watches instead
    connectionMonitor: { enabled: false },
    connectionManager: {
      // a few hundred members, two connections each for a moment
      maxConnections: 1024,
      maxParallelDials: 256,
      // per second and address; hosts behind one NAT share theirs
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 256,
      inboundUpgradeTimeout: 5_000,
      addressDialTimeout: dialLimitMs,
      // dialer.ts reconnects, libp2p gives up
      reconnectRetries: 0,
    },
  } satisfies Libp2pOptions
}

/** A node without services. */
export async function createPlainNode(options: NodeOptions) {
  return createLibp2p(await nodeOptions(options))
}

/** A node with the services of the mesh. */
export async function createMeshNode(options: NodeOptions, meshId: string, members: Members) {
  return createLibp2p({ ...(await nodeOptions(options)), services: gossipServices(meshId, members) })
}

export type MeshNode = Awaited<ReturnType<typeof createMeshNode>>

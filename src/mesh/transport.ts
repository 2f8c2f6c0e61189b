/**
 * What the rest of Skein sees of the mesh: bytes between members. libp2p implements it in this folder, the simulator
 * implements it on a virtual network.
 */
import type { PeerKey } from '../lib/keys.ts'

/**
 * Asks whoever sent a request, over the very connection that it came by: where two machines run with one key (R8), `request` asks the one
 * that was connected first. Rejects as `request` does.
 */
export type AskBack = (protocol: string, bytes: Uint8Array, timeoutMs: number) => Promise<Uint8Array>

/** Answers one request of a member. A thrown error reaches the asker as text. */
export type RequestHandler = (from: PeerKey, request: Uint8Array, askBack: AskBack) => Promise<Uint8Array>

export interface Transport {
  readonly self: PeerKey
  /** Members that a connection stands to now, sorted. */
  connected(): PeerKey[]
  /**
   * Sends to every connected member, at most once each, without waiting: gossip and a direct stream. May be lost,
   * doubled or reordered; anti-entropy repairs.
   */
  broadcast(bytes: Uint8Array): void
  /** Asks one member; rejects after `timeoutMs`, when it is not connected, or with the text it refused with. */
  request(to: PeerKey, protocol: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /** Installs the handler of a protocol such as `/skein/sync/2`. */
  handle(protocol: string, handler: RequestHandler): void
  onBroadcast(listener: (from: PeerKey, bytes: Uint8Array) => void): void
  /** Called when a member is connected, and again when another connection takes the place of the one in use: two machines may run with its key (R8). */
  onConnect(listener: (peer: PeerKey) => void): void
  onDisconnect(listener: (peer: PeerKey) => void): void
  /** Ends all connections; what can be made again is made again. */
  reconnect(): void
  /** Who may connect, and where they listen: the whole list, replaced each time it changes. */
  setMembers(members: readonly { key: PeerKey; addresses: readonly string[] }[]): void
}

/** No message of any protocol is larger than this, bytes. */
export const maxMessageBytes = 1024 * 1024

/** The transport together with what only admission and the agent use. */
export interface Mesh extends Transport {
  /** Public keys of the invitations that this peer issued and still knows, used and expired ones too: their holders may speak the join protocol, to be told yes or no. */
  setInvitations(keys: readonly PeerKey[]): void
  /** Answers a holder of an invitation. A thrown error's text reaches the joiner. */
  onJoin(handler: RequestHandler): void
  /** Keys of members that were removed: they may be told of it, and speak nothing else. */
  setRemoved(keys: readonly PeerKey[]): void
  /** Answers one of these that dials. */
  onRemoved(handler: RequestHandler): void
  /** `answer` is what that handler of a member gave when this peer dialled it. */
  onTold(listener: (from: PeerKey, answer: Uint8Array) => void): void
  /**
   * Takes what somebody shows whom this peer does not know: perhaps a record of its own that it lacks (R8). Anybody may send anything, so the handler
   * rejects unless it is one. If it resolves, whoever showed it may connect as members do.
   */
  onProof(handler: (proof: Uint8Array) => Promise<void>): void
  /** What a member is shown that this peer dialled and that does not know it; undefined for nothing. */
  proveWith(proofFor: (member: PeerKey) => Uint8Array | undefined): void
  /**
   * Addresses, dotted, that connections with this member came from or went to in the last minute: several when two machines run
   * with its key, or when its host has several.
   */
  placesOf(peer: PeerKey): readonly string[]
  /** Starts listening and the reconnect loop. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** What a token says (mesh/token.ts has its text form). */
export interface Invitation {
  meshId: string
  /** The peer that issued it and alone redeems it. */
  issuer: PeerKey
  /** The invitation's private key, a 32-byte seed: the joiner speaks the join protocol under this identity. */
  seed: Uint8Array
  /** Where the issuer listens: `ADDR:PORT`. */
  addresses: readonly string[]
  /** Wall clock of the issuer, ms. */
  expiresMs: number
}

/** Speaks the join protocol with the issuer under the invitation's identity. Rejects with the issuer's reason, or why it was not reached. */
export type RequestJoin = (invitation: Invitation, request: Uint8Array, timeoutMs: number) => Promise<Uint8Array>

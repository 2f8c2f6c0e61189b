/** The JSON of members: listing, invitation, joining, draining, removal. */

export interface PeerJson {
  name: string
  /** The whole public key, hex. */
  key: string
  self: boolean
  settled: boolean
  /** Names of the members whose acknowledgement a pending one waits for. */
  waitingFor: string[]
  /** Where its mesh listens: `ADDR:PORT`. */
  addresses: string[]
  vtepAddress: string
  /** Name of the member that admitted it; '' for the founder. */
  admittedBy: string
  /** The former key, for a host that came back in the place of that after a rollback; else ''. */
  succeeds: string
  connected: boolean
  /** Of a host that is to go, or is gone. */
  removal?: RemovalJson
}

export interface RemovalJson {
  /** `quarantined`: gone, and not said to be down, so that nobody uses its addresses. */
  state: 'pending' | 'removed' | 'quarantined'
  /** Name of the host that started it, and alone lifts it. */
  startedOn: string
  /** Names of those whose acknowledgement is missing. */
  waitingFor: string[]
}

export interface RemoveRequest {
  /** Names or keys. */
  peers: string[]
  cancel?: boolean
  hostIsDown?: boolean
  /** Asked of the host that was made anew in their place: no machine has their data directories any more. */
  keyIsLost?: boolean
  /** Also every host that joined through them unseen is off. */
  andWhoJoined?: boolean
}

export interface InviteRequest {
  /** How long the token is good for. @default 3600000 */
  ttlMs?: number
}

export interface InviteJson {
  token: string
}

export interface JoinRequest {
  token: string
}

export interface PeerDrainJson {
  /** Blocks and single addresses that were handed over now. */
  given: number
  /** What could still go; ask again while it is not 0. */
  left: number
  /** Blocks that stay, since addresses in them are in use or were a moment ago. */
  inUse: number
  to: string[]
  /** Names of those that do not hold all of it yet. */
  waitingFor: string[]
}

export interface JoinJson {
  meshId: string
  members: number
}

/** A host that came back under a new key, in the place of its former one. */
export interface RejoinJson extends JoinJson {
  key: string
  former: string
}

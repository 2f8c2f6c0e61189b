/** Ids that are hashes of what they name: the same act gives the same id on every peer. */
import { fromHex, sha256, toHex } from '../lib/bytes.ts'
import { encode } from '../lib/cbor.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { GroupId } from '../model/group.ts'
import { type NetworkId, specToPlain } from '../model/network.ts'
import { type RuleValue, ruleToPlain } from '../model/rule.ts'
import type { NetworkLeaf } from './leaves.ts'
import type { GroupLeaf } from './object-leaves.ts'

/** Version of the genesis function (blocks.ts); part of every network's id, because it decides who owns what. */
export const genesisVersion = 1

/** 16 bytes, hex: a founder cannot be forged, since the id names its key. */
export function meshIdOf(founder: PeerKey, nonce: Uint8Array): string {
  return toHex(sha256(encode(['skein mesh 1', fromHex(founder), nonce])).subarray(0, 16))
}

export function networkIdOf(leaf: Omit<NetworkLeaf, 'kind'>): NetworkId {
  const spec = specToPlain(leaf.spec)
  const act = ['skein network 1', genesisVersion, leaf.tenant, leaf.name, spec, fromHex(leaf.roster), leaf.generation]
  return toHex(sha256(encode(act)))
}

export function groupIdOf(leaf: Omit<GroupLeaf, 'kind'>): GroupId {
  const act = ['skein group 1', leaf.tenant, leaf.name, fromHex(leaf.network), leaf.pool, leaf.generation]
  return toHex(sha256(encode(act)))
}

/** 64 hex digits that name a rule's value. */
export function ruleHashOf(value: RuleValue): string {
  return toHex(sha256(encode(['skein rule 1', ruleToPlain(value)])))
}

/** 32 hex digits for a machine in one mesh; its id, which is to stay on it, cannot be told from them. '' for no id. */
export function machineOf(meshId: string, machineId: string): string {
  const id = machineId.trim()
  return id === '' ? '' : toHex(sha256(encode(['skein machine 1', fromHex(meshId), id])).subarray(0, 16))
}

/** What an invitation's key signs to admit a peer. */
export function admissionProof(meshId: string, key: PeerKey, name: string): Uint8Array {
  return encode(['skein admission 1', fromHex(meshId), fromHex(key), name])
}

/** What a member's key signs to admit the key under which its host comes back (R8). */
export function successionProof(meshId: string, former: PeerKey, key: PeerKey, name: string): Uint8Array {
  return encode(['skein succession 1', fromHex(meshId), fromHex(former), fromHex(key), name])
}

/** What a newcomer's key signs towards the peer that admits it. */
export function joinProof(meshId: string, invitation: PeerKey, name: string): Uint8Array {
  return encode(['skein join 1', fromHex(meshId), fromHex(invitation), name])
}

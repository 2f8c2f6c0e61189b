/**
 * Records of a large mesh, made without disk or network: a founder who admitted everybody before anybody else was there
 * (so that each newcomer is settled by one record), networks that all have them as their roster, and a chain per member.
 */
import { createHash } from 'node:crypto'
import { type Batch, makeBatch, noBatch } from '../../src/crdt/batch.ts'
import { checkpointLeaf, compact, runOf, runsOf } from '../../src/crdt/checkpoint.ts'
import { type CompactUnit, leavesOf } from '../../src/crdt/compact-unit.ts'
import { admissionProof, meshIdOf, networkIdOf } from '../../src/crdt/identity.ts'
import { encodeLeaf } from '../../src/crdt/leaf-codec.ts'
import type { KnownLeaf, Leaf, NetworkLeaf } from '../../src/crdt/leaves.ts'
import { contentName, rosterLeaf } from '../../src/crdt/registry.ts'
import { type Signer, signerOf } from '../../src/lib/keys.ts'
import { formatIp } from '../../src/model/ip.ts'
import { checkNetwork, type NetworkId } from '../../src/model/network.ts'

/** Leaves in one batch where the number does not matter: a batch stays small. */
const leavesTogether = 256

/** One member's records so far. */
export class Chain {
  readonly signer: Signer
  readonly batches: Batch[] = []
  readonly #meshId: string
  #ms = 1_800_000_000_000

  constructor(meshId: string, signer: Signer) {
    this.#meshId = meshId
    this.signer = signer
  }

  write(leaves: readonly Leaf[]): Batch {
    const tip = this.batches.at(-1)
    const batch = makeBatch(this.signer, {
      meshId: this.#meshId,
      first: (tip?.last ?? 0) + 1,
      previous: tip?.hash ?? noBatch,
      hlc: [++this.#ms, 0],
      leaves: leaves.map(encodeLeaf),
    })
    this.batches.push(batch)
    return batch
  }

  /** Lets go of every sixteenth leaf of the batches from this one on, as many as make a run worth a checkpoint; gives the units that are left. */
  compact(from: number): CompactUnit[] {
    return runsOf(this.batches.slice(from)).flatMap(parts => {
      const run = runOf(parts)
      const kept = parts.flatMap(leavesOf).filter(({ counter }) => counter % 16 !== 0)
      const leaf = run && checkpointLeaf(this.signer, run, kept)
      const made = leaf && compact(leaf, parts, () => true)
      if (!leaf || !made || made === 'unsound') throw new Error('no unit of this run')
      this.write([leaf])
      return [made.unit]
    })
  }

  /** What it wrote behind this counter. */
  after(counter: number): Batch[] {
    return this.batches.filter(({ first }) => first > counter)
  }

  /** The leaves in batches of `size`. */
  writeAll(leaves: readonly Leaf[], size = leavesTogether): Batch[] {
    const batches: Batch[] = []
    for (let at = 0; at < leaves.length; at += size) batches.push(this.write(leaves.slice(at, at + size)))
    return batches
  }
}

export interface MeshRecords {
  readonly meshId: string
  /** The founder's first. */
  readonly chains: readonly Chain[]
  readonly networks: readonly NetworkId[]
  /** Lowest address that may be handed out, by network. */
  readonly firstAddress: readonly number[]
}

export interface MeshShape {
  readonly members: number
  readonly networks: number
  /** Length of the networks' prefixes. @default 20 */
  readonly prefix?: number
}

/** A mesh with all its members settled and all its networks created. The same shape gives the same records. */
export function createMeshRecords({ members, networks, prefix = 20 }: MeshShape): MeshRecords {
  const signers = Array.from({ length: members }, (_, number) => signerOf(seedOfMember(number)))
  const founder = signers[0] as Signer
  const nonce = new Uint8Array(16)
  const meshId = meshIdOf(founder.key, nonce)
  const chains = signers.map(signer => new Chain(meshId, signer))
  const first = chains[0] as Chain
  first.write([{ kind: 'mesh', founder: founder.key, nonce, name: 'host0', addresses: ['10.0.0.1:7373'] }])
  if (members > 1) admitAll(meshId, chains)
  chains.forEach((chain, number) => {
    const vtepAddress = formatIp(0xac10_0001 + number)
    chain.write([{ kind: 'peer', name: `host${number}`, addresses: [`${vtepAddress}:7373`], vtepAddress, mtu: 1500 }])
  })
  const roster = rosterLeaf(signers.map(signer => signer.key))
  const leaves = Array.from({ length: networks }, (_, number) => networkLeaf(number, prefix, contentName(roster)))
  first.write([roster])
  first.writeAll(leaves)
  return { meshId, chains, networks: leaves.map(networkIdOf), firstAddress: leaves.map(leaf => leaf.spec.subnet.first) }
}

function admitAll(meshId: string, chains: readonly Chain[]): void {
  const [founder, ...newcomers] = chains as [Chain, ...Chain[]]
  const invitation = signerOf(seedOf('invitation'))
  const known: KnownLeaf = { kind: 'known', admissions: [], removals: [], ends: [], pending: [] }
  const base = founder.write([
    { kind: 'invitation', invitation: invitation.key, expiresMs: 2e12, uses: newcomers.length },
    known,
  ]).last
  founder.writeAll(
    newcomers.map(({ signer: { key } }, number) => {
      const name = `host${number + 1}`
      const proof = invitation.sign(admissionProof(meshId, key, name))
      return {
        ...{ kind: 'admission', key, name, addresses: [`${name}:7373`], invitation: invitation.key, proof },
        known: contentName(known),
      }
    }),
  )
  newcomers.forEach((chain, number) => {
    chain.write([{ kind: 'settled', admission: { writer: founder.signer.key, counter: base + 1 + number }, acks: [] }])
  })
}

function networkLeaf(number: number, prefix: number, roster: string): NetworkLeaf {
  const subnet = `${formatIp(0x0a00_0000 + number * 2 ** (32 - prefix))}/${prefix}`
  const act = { tenant: 'default', name: `net${number}`, subnet }
  return { kind: 'network', tenant: act.tenant, name: act.name, generation: 0, spec: checkNetwork(act), roster }
}

/** The private seed of a member's key; the founder is 0. */
export function seedOfMember(number: number): Uint8Array {
  return seedOf(`member ${number}`)
}

function seedOf(text: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`skein bench ${text}`).digest())
}

/** Writers with fixed keys for the tests of the records: each makes a valid chain of batches without disk or network. */
import assert from 'node:assert/strict'
import { type Batch, makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import type { Hlc } from '../../../src/crdt/hlc.ts'
import { admissionProof, meshIdOf, successionProof } from '../../../src/crdt/identity.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { AdmissionLeaf, KnownLeaf, Leaf } from '../../../src/crdt/leaves.ts'
import { contentName, Registry } from '../../../src/crdt/registry.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import type { Dot } from '../../../src/crdt/vector.ts'
import { toHex } from '../../../src/lib/bytes.ts'
import { type PeerKey, type Signer, signerOf, verifySignature } from '../../../src/lib/keys.ts'

const signers = new Map<string, Signer>()

/** The signer of a private seed. To make one takes longer than to write with it, and laws want the same in each of their cases. */
export function signerFrom(seed: Uint8Array): Signer {
  const text = toHex(seed)
  const signer = signers.get(text) ?? signerOf(seed)
  signers.set(text, signer)
  return signer
}

/** The signer whose private seed is this byte, 32 times. */
export function signerAt(byte: number): Signer {
  return signerFrom(new Uint8Array(32).fill(byte))
}

export const nonce = new Uint8Array(16)

/** One peer's chain. */
export class Writer {
  readonly signer: Signer
  readonly meshId: string
  readonly batches: Batch[] = []
  #counter = 0
  #previous = noBatch
  readonly #time: { ms: number }

  /** @param time of writers that know each other's records: each write is later than those before it */
  constructor(signer: Signer, meshId: string, time = { ms: 1000 }) {
    this.#time = time
    this.signer = signer
    this.meshId = meshId
  }

  get key(): PeerKey {
    return this.signer.key
  }

  /** The counter that its next leaf gets. */
  get next(): number {
    return this.#counter + 1
  }

  /** Another machine with the same key and chain: what either writes from now on the other does not know (R8). */
  copy(): Writer {
    const copy = new Writer(this.signer, this.meshId, this.#time)
    copy.batches.push(...this.batches)
    copy.#counter = this.#counter
    copy.#previous = this.#previous
    return copy
  }

  /** Writes the leaves as one batch and gives the dot of the last. */
  write(leaves: readonly (Leaf | Uint8Array)[], hlc?: Hlc): Dot {
    this.#time.ms = Math.max(this.#time.ms, hlc?.[0] ?? this.#time.ms + 10)
    const batch = makeBatch(this.signer, {
      meshId: this.meshId,
      first: this.#counter + 1,
      previous: this.#previous,
      hlc: hlc ?? [this.#time.ms, 0],
      leaves: leaves.map(leaf => (leaf instanceof Uint8Array ? leaf : encodeLeaf(leaf))),
    })
    this.#counter = batch.last
    this.#previous = batch.hash
    this.batches.push(batch)
    return { writer: this.key, counter: batch.last }
  }
}

/** Writers of one mesh; `all` has every record of all of them. Writer 1 founds it. */
export class World {
  readonly writers: Writer[]
  readonly meshId: string
  readonly #nameOf: (number: number) => string

  /** @param nameOf what each is called */
  constructor(count: number, nameOf = (number: number): string => `host${number}`) {
    this.#nameOf = nameOf
    const signers = Array.from({ length: count }, (_, i) => signerAt(i + 1))
    this.meshId = meshIdOf((signers[0] as Signer).key, nonce)
    const time = { ms: 1000 }
    this.writers = signers.map(signer => new Writer(signer, this.meshId, time))
    this.at(1).write([{ kind: 'mesh', founder: this.at(1).key, nonce, name: nameOf(1), addresses: ['10.0.0.1:7373'] }])
  }

  at(number: number): Writer {
    return this.writers[number - 1] as Writer
  }

  get batches(): Batch[] {
    return this.writers.flatMap(writer => writer.batches)
  }

  get all(): Registry {
    return registryOf(this.meshId, this.batches)
  }

  known(registry = this.all): KnownLeaf {
    return knownLeaf(registry)
  }

  invite(issuer: number, seedByte: number, uses = 1): Signer {
    const invitation = signerAt(seedByte)
    this.at(issuer).write([{ kind: 'invitation', invitation: invitation.key, expiresMs: 5000, uses }])
    return invitation
  }

  /** The leaf by which someone admits `newcomer` with this invitation. */
  admission(newcomer: PeerKey, name: string, invitation: Signer, known: KnownLeaf): AdmissionLeaf {
    const proof = invitation.sign(admissionProof(this.meshId, newcomer, name))
    return {
      ...{ kind: 'admission', key: newcomer, name, addresses: [`${name}:7373`] },
      ...{ invitation: invitation.key, proof, known: contentName(known) },
    }
  }

  /** `admitter` invites and admits `newcomer`, knowing all or only what `registry` holds. */
  admit(admitter: number, newcomer: number, registry = this.all): Dot {
    const invitation = this.invite(admitter, 100 + newcomer)
    const known = this.known(registry)
    const leaf = this.admission(this.at(newcomer).key, this.#nameOf(newcomer), invitation, known)
    return this.at(admitter).write([known, leaf])
  }

  /** `admitter` admits `newcomer` in the place of the member `former`, whose key signs that. */
  succeed(admitter: number, former: number, newcomer: number, hlc?: Hlc): Dot {
    const known = this.known()
    const [{ signer }, { key }] = [this.at(former), this.at(newcomer)]
    const name = this.#nameOf(former)
    const proof = signer.sign(successionProof(this.meshId, signer.key, key, name))
    const leaf = { ...this.admission(key, name, signer, known), proof }
    return this.at(admitter).write([known, leaf], hlc)
  }

  ack(acker: number, admission: Dot, registry = this.all): Dot {
    const known = this.known(registry)
    return this.at(acker).write([known, { kind: 'ack', admission, known: contentName(known) }])
  }

  settle(newcomer: number, admission: Dot, acks: readonly Dot[]): Dot {
    return this.at(newcomer).write([{ kind: 'settled', admission, acks }])
  }

  /** Admits and settles writers 2 to `count` through the founder; all earlier ones acknowledge. */
  settleAll(count = this.writers.length): this {
    for (let newcomer = 2; newcomer <= count; newcomer++) {
      const admission = this.admit(1, newcomer)
      const acks = Array.from({ length: newcomer - 2 }, (_, i) => this.ack(i + 2, admission))
      this.settle(newcomer, admission, acks)
    }
    return this
  }
}

export function registryOf(meshId: string, batches: readonly Batch[]): Registry {
  const registry = new Registry(meshId, verifySignature)
  for (const batch of batches) registry.apply(batch)
  return registry
}

/** Who is shown to have written what it had no right to; fails if anything else is wrong. */
export function forgers(view: RegistryView): string[] {
  return view.conditions().flatMap(({ kind, objects }) => {
    assert.equal(kind, 'forged-records')
    return objects
  })
}

/** A real registry filled with records of made-up peers, each signed by its writer. */
import { makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import type { Head } from '../../../src/crdt/vector.ts'
import { type PeerKey, type Signer, signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { macOf } from '../../../src/model/ip.ts'

const meshId = '00'.repeat(16)

export const network = 'ab'.repeat(32)
export const otherNetwork = 'cd'.repeat(32)

export class World {
  readonly registry = new Registry(meshId, verifySignature)
  readonly #signers: Signer[] = []
  readonly #heads = new Map<PeerKey, Head>()

  /** The key of peer number `n`. */
  key(n: number): PeerKey {
    return this.#signer(n).key
  }

  write(n: number, ...leaves: Leaf[]): void {
    const signer = this.#signer(n)
    const head = this.#heads.get(signer.key) ?? { counter: 0, hash: noBatch }
    const hlc = [head.counter + 1, 0] as const
    const batch = makeBatch(signer, {
      meshId,
      first: head.counter + 1,
      previous: head.hash,
      hlc,
      leaves: leaves.map(encodeLeaf),
    })
    this.#heads.set(signer.key, { counter: batch.last, hash: batch.hash })
    this.registry.apply(batch)
  }

  /** What `write` writes is another history of peer `n`, beside what it writes from then on. */
  aside(n: number, write: () => void): void {
    const { key } = this.#signer(n)
    const before = this.#heads.get(key)
    write()
    if (before) this.#heads.set(key, before)
    this.registry.noteFork(key, [1, 0])
  }

  endpoint(n: number, ip: number, mac = macOf(ip), id = `e${n}-${ip}`): void {
    this.write(n, { kind: 'endpoint', id, network, ip, mac, container: '', containerName: '' })
  }

  endpointGone(n: number, ip: number): void {
    this.write(n, { kind: 'endpoint-rm', id: `e${n}-${ip}`, network })
  }

  vtep(n: number, vni: number, address = `192.168.2.${n}`, of = network): void {
    this.write(n, { kind: 'vtep', network: of, address, vni })
  }

  #signer(n: number): Signer {
    const signer = this.#signers[n] ?? signerOf(new Uint8Array(32).fill(n + 1))
    this.#signers[n] = signer
    return signer
  }
}

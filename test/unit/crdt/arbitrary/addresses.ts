/** Random records of endpoints, VTEPs, and of who may hand out which address. */
import fc from 'fast-check'
import type { EndpointLeaf, Step, Transfer } from '../../../../src/crdt/leaves.ts'
import { type Fields, few, record, signature, text } from './fields.ts'
import type { Arbitraries } from './kinds.ts'

const id = fc.oneof(fc.constantFrom('e1', 'e2'), text(64))
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map(bytes => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(':'))

export function endpointArbitraries({ network, group, ip }: Fields): Arbitraries<'endpoint' | 'endpoint-rm' | 'vtep'> {
  const all = { id, network, ip, mac, container: text(64), containerName: text(253), aliases: few(text(253)), group }
  const { group: _, ...required } = all
  return {
    endpoint: fc.record(all, {
      noNullPrototype: true,
      requiredKeys: Object.keys(required) as (keyof typeof required)[],
    }) as fc.Arbitrary<Omit<EndpointLeaf, 'kind'>>,
    'endpoint-rm': record({ id, network }),
    vtep: record({
      ...{
        network,
        address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')),
        vni: fc.integer({ min: 1, max: 0xffffff }),
      },
    }),
  }
}

export function addressArbitraries({
  network,
  key,
  counter,
  ip,
}: Fields): Arbitraries<'block' | 'address' | 'free' | 'reservation'> {
  const step = { epoch: counter, from: key, to: key, counter, signature }
  return {
    block: record({
      ...{ network, index: fc.oneof(fc.nat(3), fc.nat(0xffffffff)), removal: fc.constantFrom(0, 0xffffffff) },
      transfers: few(record<Transfer>({ ...step, carved: few(ip) })),
    }),
    address: record({ network, ip, removal: fc.constantFrom(0, 0xffffffff), transfers: few(record<Step>(step)) }),
    free: record({ network, log2: fc.integer({ min: -1, max: 32 }) }),
    reservation: record({ network, ip, isKept: fc.boolean() }),
  }
}

export function checkpointArbitraries({ counter }: Fields): Arbitraries<'checkpoint'> {
  const length = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 4096 }))
  return {
    checkpoint: fc.tuple(counter, length, signature).chain(([at, count, signed]) => {
      const first = Math.min(at, Number.MAX_SAFE_INTEGER - 4096)
      const size = Math.ceil(count / 8)
      return fc.uint8Array({ minLength: size, maxLength: size }).map(bitmap => {
        return { first, last: first + count - 1, bitmap, signature: signed }
      })
    }),
  }
}

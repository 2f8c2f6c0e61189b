/** Random records of members and removals. */
import fc from 'fast-check'
import type { Assertion, KnownLeaf, ListedAdmission, PeerLeaf, RemovalTarget } from '../../../../src/crdt/leaves.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { address, type Fields, few, record, signature, text } from './fields.ts'
import type { Arbitraries } from './kinds.ts'

const addresses = few(address)

export function memberArbitraries({
  key,
  dot,
  hash,
}: Fields): Arbitraries<'mesh' | 'peer' | 'invitation' | 'admission' | 'ack' | 'settled' | 'known' | 'roster'> {
  const listed = few(record<ListedAdmission>({ key, dot }))
  return {
    mesh: record({
      ...{ founder: key, nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }), name: text(253), addresses },
    }),
    peer: fc.record(
      {
        ...{ name: text(253), addresses, vtepAddress: fc.oneof(fc.ipV4(), fc.constant('')) },
        ...{ mtu: fc.nat(65_535), machine: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(toHex) },
      },
      { noNullPrototype: true, requiredKeys: ['name', 'addresses', 'vtepAddress', 'mtu'] },
    ) as fc.Arbitrary<Omit<PeerLeaf, 'kind'>>,
    invitation: record({
      ...{ invitation: key, expiresMs: fc.maxSafeNat(), uses: fc.integer({ min: 1, max: 10_000 }) },
    }),
    admission: record({ ...{ key, name: text(253), addresses, invitation: key, proof: signature, known: hash } }),
    ack: record({ admission: dot, known: hash }),
    settled: record({ admission: dot, acks: few(dot) }),
    known: fc.tuple(listed, few(dot), few(dot), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })).map(known),
    roster: record({ keys: few(key) }),
  }

  // who is pending is so wherever it is listed
  function known([admissions, removals, ends, isPending]: [
    ListedAdmission[],
    KnownLeaf['removals'],
    KnownLeaf['ends'],
    boolean[],
  ]) {
    const chosen = new Set(admissions.filter((_, i) => isPending[i]).map(each => each.key))
    return { admissions, removals, ends, pending: admissions.map(each => each.key).filter(each => chosen.has(each)) }
  }
}

export function removalArbitraries({
  key,
  dot,
  hash,
  counter,
}: Fields): Arbitraries<'removal' | 'removal-ack' | 'removal-end' | 'host-down'> {
  const counters = few(fc.oneof(counter, fc.constant(0)))
  return {
    removal: record({
      targets: few(record<RemovalTarget>({ key, heir: key, counter: fc.oneof(counter, fc.constant(0)) })),
      assertion: fc.constantFrom<Assertion>(0, 1, 2),
      known: hash,
    }),
    'removal-ack': record({ removal: dot, counters, known: hash }),
    'removal-end': record({ removal: dot, effective: fc.boolean(), acks: few(dot), cut: counters }),
    'host-down': record({ removal: dot }),
  }
}

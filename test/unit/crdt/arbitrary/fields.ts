/** Random fields of records: any that can be written, or only such as speak of the same few things. */
import fc, { type Arbitrary } from 'fast-check'
import type { Dot } from '../../../../src/crdt/vector.ts'
import { toHex } from '../../../../src/lib/bytes.ts'
import { formatIp } from '../../../../src/model/ip.ts'
import { isName, isNetworkName } from '../../../../src/model/names.ts'
import { parseSubnet, type Subnet } from '../../../../src/model/subnet.ts'

/** What records are made of. Each family of kinds takes its fields from here. */
export interface Fields {
  readonly key: Arbitrary<string>
  readonly dot: Arbitrary<Dot>
  /** Of a content, a value, an act. */
  readonly hash: Arbitrary<string>
  readonly network: Arbitrary<string>
  readonly group: Arbitrary<string>
  /** Of a tenant, policy, profile, rule or group. */
  readonly name: Arbitrary<string>
  readonly networkName: Arbitrary<string>
  readonly generation: Arbitrary<number>
  readonly counter: Arbitrary<number>
  readonly subnet: Arbitrary<Subnet>
  readonly ip: Arbitrary<number>
}

const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
export const signature = fc.uint8Array({ minLength: 64, maxLength: 64 })
const anyCounter = fc.maxSafeNat().map(n => Math.max(1, n))
const letters = fc.constantFrom(...'abzAZ0189-_.')

/** Of at most so many UTF-16 units. */
export function text(maxLength: number): Arbitrary<string> {
  return fc.string({ unit: 'grapheme', maxLength }).filter(each => each.length <= maxLength)
}

export const address = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 65_535 })).map(([host, port]) => `${host}:${port}`),
  fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 65_535 })).map(([host, port]) => `[${host}]:${port}`),
)

export const few = <T>(item: Arbitrary<T>, maxLength = 5) => fc.array(item, { maxLength })

/** Records are plain objects. */
export const record = <T>(fields: { [F in keyof T]: Arbitrary<T[F]> }): Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true }) as Arbitrary<T>

const words = (is: (word: string) => boolean) =>
  fc
    .array(letters, { minLength: 1, maxLength: 64 })
    .map(parts => parts.join(''))
    .filter(is)

const anySubnet = fc.tuple(fc.nat(0xffffffff), fc.integer({ min: 8, max: 30 })).map(([ip, length]) => {
  const size = 2 ** (32 - length)
  return parseSubnet(`${formatIp(Math.floor(ip / size) * size)}/${length}`)
})

/** Whatever a record of this version may hold. */
export const anyFields: Fields = {
  ...{ key: anyHash, hash: anyHash, network: anyHash, group: anyHash, counter: anyCounter },
  dot: record<Dot>({ writer: anyHash, counter: anyCounter }),
  name: fc.oneof(words(isName), fc.constantFrom('default', 'a.b', 'x'.repeat(64))),
  networkName: fc.oneof(words(isNetworkName), fc.constantFrom('my_app_default', 'x'.repeat(64))),
  generation: fc.maxSafeNat(),
  subnet: anySubnet,
  ip: fc.nat(0xffffffff),
}

/** What records can speak of so that they meet: what there is, and a little that there is not. */
export interface Subjects {
  readonly keys: readonly string[]
  readonly hashes: readonly string[]
  readonly networks: readonly string[]
  readonly groups: readonly string[]
  readonly names: readonly string[]
  readonly subnets: readonly string[]
}

/** Fields that name these, and little else. */
export function fieldsOf({ keys, hashes, networks, groups, names, subnets }: Subjects): Fields {
  const stranger = 'ee'.repeat(32)
  const key = fc.constantFrom(...keys, stranger)
  const counter = fc.integer({ min: 1, max: 16 })
  const name = fc.constantFrom(...names)
  return {
    ...{ key, counter, name, networkName: name },
    dot: record<Dot>({ writer: key, counter }),
    hash: fc.constantFrom(...hashes, stranger),
    network: fc.constantFrom(...networks, stranger),
    group: fc.constantFrom(...groups, stranger),
    generation: fc.nat(2),
    subnet: fc.constantFrom(...subnets).map(parseSubnet),
    ip: fc.integer({ min: 0x0a010000, max: 0x0a010008 }),
  }
}

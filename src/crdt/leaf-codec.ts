/** Leaves to canonical bytes and back. One entry a kind: how it is written, how it is read. */
import { decodeInPlace, encode, type Plain } from '../lib/cbor.ts'
import { specFromPlain, specToPlain } from '../model/network.ts'
import {
  type Assertion,
  type Leaf,
  type ListedAdmission,
  maxAliases,
  maxLeafBytes,
  maxTargets,
  type RemovalTarget,
  type Step,
  type Transfer,
} from './leaves.ts'
import { objectCodecs } from './object-codec.ts'
import { bytesOf, dots, hex, integer, key, list, name, networkName, optionalHash, pairs, text, whole } from './plain.ts'
import { dotFromPlain, dotToPlain } from './vector.ts'

type Kind = Leaf['kind']
type LeafOf<K extends Kind> = Extract<Leaf, { kind: K }>
type Fields = readonly (Plain | undefined)[]

/** How one kind is written and read. */
export interface Codec<K extends Kind> {
  write(leaf: LeafOf<K>): Plain[]
  /** Fields after the kind; undefined if malformed. */
  read(fields: Fields): Omit<LeafOf<K>, 'kind'> | undefined
}

const bytes = (value: Plain | undefined, length: number) =>
  value instanceof Uint8Array && value.length === length ? new Uint8Array(value) : undefined
const addresses = (value: Plain | undefined) => list(value, 16, item => text(item, 64))
const generation = (value: Plain | undefined) => integer(value, 0, Number.MAX_SAFE_INTEGER)
const flag = (value: Plain | undefined) => (typeof value === 'boolean' ? value : undefined)
const ip = (value: Plain | undefined) => integer(value, 0, 0xffffffff)
const mac = (value: Plain | undefined) => {
  const read = text(value, 17)
  return read !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(read) ? read : undefined
}

const transferToPlain = (step: Transfer): Plain => [
  step.epoch,
  bytesOf(step.from),
  bytesOf(step.to),
  step.counter,
  step.carved,
  step.signature,
]
const transferFromPlain = (value: Plain): Transfer | undefined => {
  if (!Array.isArray(value)) return undefined
  return whole<Transfer>({
    epoch: integer(value[0], 1, Number.MAX_SAFE_INTEGER),
    from: key(value[1]),
    to: key(value[2]),
    counter: integer(value[3], 1, Number.MAX_SAFE_INTEGER),
    carved: list(value[4], 64, ip),
    signature: bytes(value[5], 64),
  })
}
const stepToPlain = (step: Step): Plain => [
  step.epoch,
  bytesOf(step.from),
  bytesOf(step.to),
  step.counter,
  step.signature,
]
const stepFromPlain = (value: Plain): Step | undefined => {
  if (!Array.isArray(value)) return undefined
  return whole<Step>({
    epoch: integer(value[0], 1, Number.MAX_SAFE_INTEGER),
    from: key(value[1]),
    to: key(value[2]),
    counter: integer(value[3], 1, Number.MAX_SAFE_INTEGER),
    signature: bytes(value[4], 64),
  })
}
const counter = (value: Plain | undefined) => integer(value, 0, Number.MAX_SAFE_INTEGER)
const targetToPlain = (target: RemovalTarget): Plain => [bytesOf(target.key), bytesOf(target.heir), target.counter]
const targetFromPlain = (value: Plain): RemovalTarget | undefined =>
  Array.isArray(value)
    ? whole<RemovalTarget>({ key: key(value[0]), heir: key(value[1]), counter: counter(value[2]) })
    : undefined
const listedFromPlain = (value: Plain): ListedAdmission | undefined =>
  Array.isArray(value) ? whole<ListedAdmission>({ key: key(value[0]), dot: dotFromPlain(value[1]) }) : undefined

const codecs: { [K in Kind]: Codec<K> } = {
  ...objectCodecs,
  mesh: {
    write: l => [bytesOf(l.founder), l.nonce, l.name, l.addresses],
    read: f => whole({ founder: key(f[0]), nonce: bytes(f[1], 16), name: text(f[2], 253), addresses: addresses(f[3]) }),
  },
  invitation: {
    write: l => [bytesOf(l.invitation), l.expiresMs, l.uses],
    read: f =>
      whole({
        invitation: key(f[0]),
        expiresMs: integer(f[1], 0, Number.MAX_SAFE_INTEGER),
        uses: integer(f[2], 1, 10_000),
      }),
  },
  admission: {
    write: l => [bytesOf(l.key), l.name, l.addresses, bytesOf(l.invitation), l.proof, bytesOf(l.known)],
    read: f =>
      whole({
        key: key(f[0]),
        name: text(f[1], 253),
        addresses: addresses(f[2]),
        invitation: key(f[3]),
        proof: bytes(f[4], 64),
        known: hex(f[5], 32),
      }),
  },
  ack: {
    write: l => [dotToPlain(l.admission), bytesOf(l.known)],
    read: f => whole({ admission: dotFromPlain(f[0]), known: hex(f[1], 32) }),
  },
  settled: {
    write: l => [dotToPlain(l.admission), l.acks.map(dotToPlain)],
    read: f => whole({ admission: dotFromPlain(f[0]), acks: dots(f[1]) }),
  },
  known: {
    write: l => [
      l.admissions.map((item): Plain => [bytesOf(item.key), dotToPlain(item.dot)]),
      l.removals.map(dotToPlain),
      l.ends.map(dotToPlain),
    ],
    read: f =>
      whole({
        admissions: list(f[0], 4096, listedFromPlain),
        removals: f[1] === undefined ? [] : dots(f[1]),
        ends: f[2] === undefined ? [] : dots(f[2]),
      }),
  },
  removal: {
    write: l => [l.targets.map(targetToPlain), l.assertion, bytesOf(l.known)],
    read: f =>
      whole({
        targets: list(f[0], maxTargets, targetFromPlain),
        assertion: integer(f[1], 0, 2) as Assertion | undefined,
        known: hex(f[2], 32),
      }),
  },
  'removal-ack': {
    write: l => [dotToPlain(l.removal), l.counters, bytesOf(l.known)],
    read: f => whole({ removal: dotFromPlain(f[0]), counters: list(f[1], maxTargets, counter), known: hex(f[2], 32) }),
  },
  'removal-end': {
    write: l => [dotToPlain(l.removal), l.effective, l.acks.map(dotToPlain), l.cut],
    read: f =>
      whole({
        removal: dotFromPlain(f[0]),
        effective: typeof f[1] === 'boolean' ? f[1] : undefined,
        acks: dots(f[2]),
        cut: list(f[3], maxTargets, counter),
      }),
  },
  'host-down': {
    write: l => [dotToPlain(l.removal)],
    read: f => whole({ removal: dotFromPlain(f[0]) }),
  },
  roster: {
    write: l => [l.keys.map(bytesOf)],
    read: f => whole({ keys: list(f[0], 4096, key) }),
  },
  tenant: { write: l => [l.name], read: f => whole({ name: name(f[0]) }) },
  'tenant-rm': {
    write: l => [l.name, l.seen.map(dotToPlain)],
    read: f => whole({ name: name(f[0]), seen: dots(f[1]) }),
  },
  network: {
    write: l => [l.tenant, l.name, l.generation, specToPlain(l.spec), bytesOf(l.roster)],
    read: f =>
      whole({
        tenant: name(f[0]),
        name: networkName(f[1]),
        generation: generation(f[2]),
        spec: f[3] === undefined ? undefined : specFromPlain(f[3]),
        roster: hex(f[4], 32),
      }),
  },
  'network-rm': {
    write: l => [bytesOf(l.id), l.tenant, l.name, l.generation, l.seen.map(dotToPlain)],
    read: f =>
      whole({
        id: hex(f[0], 32),
        tenant: name(f[1]),
        name: networkName(f[2]),
        generation: generation(f[3]),
        seen: dots(f[4]),
      }),
  },
  'network-rename': {
    write: l => [bytesOf(l.id), l.tenant, l.name, l.generation, l.newName],
    read: f =>
      whole({
        id: hex(f[0], 32),
        tenant: name(f[1]),
        name: networkName(f[2]),
        generation: generation(f[3]),
        newName: networkName(f[4]),
      }),
  },
  'network-drain': {
    write: l => [bytesOf(l.id), bytesOf(l.into)],
    read: f => whole({ id: hex(f[0], 32), into: hex(f[1], 32) ?? hex(f[1], 0) }),
  },
  'network-docker': {
    write: l => [bytesOf(l.network), l.labels.map(pair => [...pair]), l.options.map(pair => [...pair]), l.internal],
    read: f =>
      whole({
        network: hex(f[0], 32),
        labels: pairs(f[1]),
        options: pairs(f[2]),
        internal: flag(f[3]),
      }),
  },
  'network-hold': {
    write: l => [bytesOf(l.network), l.isHeld],
    read: f => whole({ network: hex(f[0], 32), isHeld: flag(f[1]) }),
  },
  endpoint: {
    write: l => [
      ...[l.id, bytesOf(l.network), l.ip, l.mac, l.container, l.containerName, l.aliases ?? []],
      bytesOf(l.group ?? ''),
    ],
    read: f => {
      const fields = whole({
        id: text(f[0], 64),
        network: hex(f[1], 32),
        ip: ip(f[2]),
        mac: mac(f[3]),
        container: text(f[4], 64),
        containerName: text(f[5], 253),
        aliases: f[6] === undefined ? [] : list(f[6], maxAliases, item => text(item, 253)),
      })
      const group = f[7] === undefined ? '' : optionalHash(f[7])
      if (!fields || group === undefined) return undefined
      return group === '' ? fields : { ...fields, group }
    },
  },
  'endpoint-rm': {
    write: l => [l.id, bytesOf(l.network)],
    read: f => whole({ id: text(f[0], 64), network: hex(f[1], 32) }),
  },
  vtep: {
    write: l => [bytesOf(l.network), l.address, l.vni],
    read: f => whole({ network: hex(f[0], 32), address: text(f[1], 45), vni: integer(f[2], 1, 0xffffff) }),
  },
  peer: {
    write: l => [l.name, l.addresses, l.vtepAddress, l.mtu],
    read: f =>
      whole({
        name: text(f[0], 253),
        addresses: addresses(f[1]),
        vtepAddress: text(f[2], 45),
        mtu: integer(f[3], 0, 65_535),
      }),
  },
  block: {
    write: l => [bytesOf(l.network), l.index, l.removal, l.transfers.map(transferToPlain)],
    read: f =>
      whole({
        network: hex(f[0], 32),
        index: integer(f[1], 0, 0xffffffff),
        removal: integer(f[2], 0, 0xffffffff),
        transfers: list(f[3], 4096, transferFromPlain),
      }),
  },
  address: {
    write: l => [bytesOf(l.network), l.ip, l.removal, l.transfers.map(stepToPlain)],
    read: f =>
      whole({
        network: hex(f[0], 32),
        ip: ip(f[1]),
        removal: integer(f[2], 0, 0xffffffff),
        transfers: list(f[3], 4096, stepFromPlain),
      }),
  },
  free: {
    write: l => [bytesOf(l.network), l.log2],
    read: f => whole({ network: hex(f[0], 32), log2: integer(f[1], -1, 32) }),
  },
  reservation: {
    write: l => [bytesOf(l.network), l.ip, l.isKept],
    read: f => whole({ network: hex(f[0], 32), ip: ip(f[1]), isKept: flag(f[2]) }),
  },
}

/** Canonical bytes: [kind, field, …]. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const codec = codecs[leaf.kind] as Codec<Kind>
  return encode([leaf.kind, ...codec.write(leaf)])
}

/** The leaf; undefined if its kind is unknown or a field malformed (it then takes no effect). */
export function decodeLeaf(leafBytes: Uint8Array): Leaf | undefined {
  let value: Plain
  try {
    value = decodeInPlace(leafBytes, maxLeafBytes)
  } catch {
    return undefined // not CBOR as we write it: no effect
  }
  if (!Array.isArray(value) || typeof value[0] !== 'string' || !Object.hasOwn(codecs, value[0])) return undefined
  const kind = value[0] as Kind
  const fields = (codecs[kind] as Codec<Kind>).read(value.slice(1))
  return fields === undefined ? undefined : ({ kind, ...fields } as Leaf)
}

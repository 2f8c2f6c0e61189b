/** How records of members, and what they are named by, are written and read. */
import type { Plain } from '../lib/cbor.ts'
import type { Codecs } from './codec.ts'
import type { ListedAdmission } from './leaves.ts'
import { addresses, bytes, bytesOf, dots, hex, integer, key, list, text, whole } from './plain.ts'
import { dotFromPlain, dotToPlain } from './vector.ts'

const listedFromPlain = (value: Plain): ListedAdmission | undefined =>
  Array.isArray(value) ? whole<ListedAdmission>({ key: key(value[0]), dot: dotFromPlain(value[1]) }) : undefined

export const memberCodecs: Codecs<
  'mesh' | 'peer' | 'invitation' | 'admission' | 'ack' | 'settled' | 'known' | 'roster'
> = {
  mesh: {
    write: l => [bytesOf(l.founder), l.nonce, l.name, l.addresses],
    read: f => whole({ founder: key(f[0]), nonce: bytes(f[1], 16), name: text(f[2], 253), addresses: addresses(f[3]) }),
  },
  peer: {
    write: l => [l.name, l.addresses, l.vtepAddress, l.mtu, ...(l.machine === undefined ? [] : [bytesOf(l.machine)])],
    read: f => {
      const fields = whole({
        name: text(f[0], 253),
        addresses: addresses(f[1]),
        vtepAddress: text(f[2], 45),
        mtu: integer(f[3], 0, 65_535),
      })
      // no bytes: what a newer version has to write that does not know it, and writes more behind it
      const machine = f[4] === undefined ? '' : (hex(f[4], 16) ?? hex(f[4], 0))
      if (!fields || machine === undefined) return undefined
      return machine === '' ? fields : { ...fields, machine }
    },
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
      ...(l.pending.length === 0 ? [] : [l.admissions.flatMap(({ key }, i) => (l.pending.includes(key) ? [i] : []))]),
    ],
    read: f => {
      const admissions = list(f[0], 4096, listedFromPlain)
      return whole({
        admissions,
        removals: f[1] === undefined ? [] : dots(f[1]),
        ends: f[2] === undefined ? [] : dots(f[2]),
        pending: f[3] === undefined ? [] : list(f[3], 4096, at => admissions?.[integer(at, 0, 4095) ?? -1]?.key),
      })
    },
  },
  roster: {
    write: l => [l.keys.map(bytesOf)],
    read: f => whole({ keys: list(f[0], 4096, key) }),
  },
}

/** How records of blocks and addresses, and the steps of their custody, are written and read. */
import type { Plain } from '../lib/cbor.ts'
import type { Codecs } from './codec.ts'
import type { Step, Transfer } from './leaves.ts'
import { bytes, bytesOf, flag, hex, integer, ip, key, list, whole } from './plain.ts'

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

export const addressCodecs: Codecs<'block' | 'address' | 'free' | 'reservation'> = {
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

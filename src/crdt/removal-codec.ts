/** How records of removals are written and read. */
import type { Plain } from '../lib/cbor.ts'
import type { Codecs } from './codec.ts'
import { type Assertion, maxTargets, type RemovalTarget } from './leaves.ts'
import { bytesOf, dots, hex, integer, key, list, whole } from './plain.ts'
import { dotFromPlain, dotToPlain } from './vector.ts'

const counter = (value: Plain | undefined) => integer(value, 0, Number.MAX_SAFE_INTEGER)
const targetToPlain = (target: RemovalTarget): Plain => [bytesOf(target.key), bytesOf(target.heir), target.counter]
const targetFromPlain = (value: Plain): RemovalTarget | undefined =>
  Array.isArray(value)
    ? whole<RemovalTarget>({ key: key(value[0]), heir: key(value[1]), counter: counter(value[2]) })
    : undefined

export const removalCodecs: Codecs<'removal' | 'removal-ack' | 'removal-end' | 'host-down'> = {
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
}

/** How records of tenants and networks are written and read. */

import type { Plain } from '../lib/cbor.ts'
import { specFromPlain, specToPlain } from '../model/network.ts'
import type { Codecs } from './codec.ts'
import { bytesOf, dots, flag, hex, integer, name, networkName, pairs, whole } from './plain.ts'
import { dotToPlain } from './vector.ts'

const generation = (value: Plain | undefined) => integer(value, 0, Number.MAX_SAFE_INTEGER)

export const networkCodecs: Codecs<
  | 'network-hold'
  | 'tenant'
  | 'tenant-rm'
  | 'network'
  | 'network-rm'
  | 'network-rename'
  | 'network-drain'
  | 'network-docker'
> = {
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
}

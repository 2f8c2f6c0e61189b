/** How records of endpoints and VTEPs are written and read. */
import type { Plain } from '../lib/cbor.ts'
import type { Codecs } from './codec.ts'
import { maxAliases } from './leaves.ts'
import { bytesOf, hex, integer, ip, list, optionalHash, text, whole } from './plain.ts'

const mac = (value: Plain | undefined) => {
  const read = text(value, 17)
  return read !== undefined && /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(read) ? read : undefined
}

export const endpointCodecs: Codecs<'endpoint' | 'endpoint-rm' | 'vtep'> = {
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
}

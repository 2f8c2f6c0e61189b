/**
 * skeind's settings: one schema, from which the flags (`--data-dir`), the environment (`SKEIN_DATA_DIR`) and the help
 * text are derived. A flag beats the environment, the environment beats the default.
 */
import { z } from 'zod'
import { errorText } from '../lib/errors.ts'
import type { LogLevel } from '../lib/log.ts'
import { parseAddressPool } from '../model/address-pool.ts'
import { parseIp } from '../model/ip.ts'
import { isName } from '../model/names.ts'

/** Where to listen. `address` is dotted IPv4, or `::1` for the API. */
export interface ListenAddress {
  address: string
  port: number
}

/** Mesh traffic, next to it VXLAN: both unassigned by IANA, and 4789 stays Docker's. */
export const meshPort = 7373
const vxlanPort = 7374

/** sockaddr_un's 108 bytes less the closing zero (man 7 unix). */
const maxSocketPath = 107

const unspecified = '0.0.0.0'

/** The logger's levels, listed here so that reading the settings does not load the logger. */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[]

/** The port that `text` says; undefined if it says none. */
function portOf(text: string | undefined): number | undefined {
  const number = text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= 65535 ? number : undefined
}

const port = z.string().transform((text, context): number => {
  const number = portOf(text)
  if (number !== undefined) return number
  context.addIssue('is no port: use a number from 1 to 65535')
  return z.NEVER
})

/** As the kernel takes it (dev_valid_name), less what would be an option of `ip`. */
function isInterfaceName(text: string): boolean {
  return /^[^\s/:,-][^\s/:,]{0,14}$/.test(text) && text !== '.' && text !== '..'
}

const path = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path')

const socketPath = path.refine(text => Buffer.byteLength(text) <= maxSocketPath, {
  error: `is too long for a Unix socket: use at most ${maxSocketPath} bytes`,
})

const hostAddress = z
  .string()
  .refine(text => parseIp(text) !== undefined, { error: 'is no IPv4 address', abort: true })
  .refine(text => text !== unspecified, {
    error: 'reaches nobody: the other hosts send to this address, so give one of this host, such as 192.168.2.10',
  })

/** `ADDR:PORT`, or `[::1]:PORT`. */
const addressAndPort = z.string().transform((text, context): ListenAddress => {
  const match = /^(?:\[(::1)\]|([^[\]:]+)):(\d+)$/.exec(text)
  const address = match?.[1] ?? match?.[2]
  const number = portOf(match?.[3])
  if (address !== undefined && (address === '::1' || parseIp(address) !== undefined) && number !== undefined) {
    return { address, port: number }
  }
  context.addIssue('is no ADDR:PORT: write it like 192.168.2.10:7373')
  return z.NEVER
})

const meshAddress = addressAndPort
  .refine(listen => listen.address !== '::1', { error: 'must be an IPv4 address of this host', abort: true })
  .refine(listen => listen.address !== unspecified, {
    error:
      'reaches nobody: the other hosts connect to this address, so give one of this host, such as 192.168.2.10:7373',
  })

const loopbackAddress = addressAndPort.refine(({ address }) => address === '::1' || address.startsWith('127.'), {
  error:
    'is refused: the API there is plain HTTP without authentication, so only a loopback address will do, such as 127.0.0.1:9999',
})

const addressPool = z.string().superRefine((text, context) => {
  try {
    parseAddressPool(text)
  } catch (error) {
    context.addIssue(errorText(error))
  }
})

const noRoute = 'this host has no default route to take the address from: give --listen ADDR:PORT'

const hostName = z.string().refine(isName, {
  error: "is no host name: use letters, digits, inner '-' and '.', at most 64 characters",
})

/** What each field says about itself: its placeholder, its purpose and, where the schema has none, its default in words. */
export interface SettingMeta {
  value: string
  description: string
  otherwise?: string
}

const text = (value: string, description: string, otherwise?: string): Record<string, unknown> & SettingMeta => {
  return { value, description, ...(otherwise === undefined ? {} : { otherwise }) }
}

/** The schema. `name` and `listen` have their defaults from the machine: see `parseConfig`. */
export const settingsSchema = z.object({
  name: hostName.meta(text('NAME', 'name of this host', 'the hostname')),
  dataDir: path.default('/var/lib/skein').meta(text('DIR', 'where keys and records are kept')),
  witnessDir: path
    .default('/var/lib/skein-witness')
    .meta(
      text(
        'DIR',
        'where it is noted how far the records go, outside the data directory: an old copy of that is known by it',
      ),
    ),
  listen: z
    .string({ error: noRoute })
    .pipe(meshAddress)
    .meta(
      text('ADDR:PORT', 'where the mesh listens, on the underlay', `the default route's address, port ${meshPort}`),
    ),
  machineId: z
    .string()
    .regex(/^\S{0,128}$/, 'is no id: use up to 128 characters without spaces')
    .default('')
    .meta(
      text(
        'ID',
        'tells this machine from all others, also from one that was copied from it',
        'that of /etc/machine-id',
      ),
    ),
  join: z
    .string()
    .regex(/^\S{1,4096}$/, 'is no token: copy what `skein peer invite` printed')
    .optional()
    .meta(
      text('TOKEN', 'join the mesh that issued this invitation', 'none: found a mesh, or go on with the one on disk'),
    ),
  vtepAddress: hostAddress.optional().meta(text('ADDR', "where this host's VXLAN frames arrive", 'the listen address')),
  vxlanPort: port.default(vxlanPort).meta(text('PORT', 'UDP port of VXLAN, equal on all hosts')),
  vlanUplink: z
    .string()
    .refine(isInterfaceName, { error: 'is no interface: give one, such as eth2; several make a bond, such as bond0' })
    .optional()
    .meta(text('NAME', "this host's interface to the VLANs, which keeps its address and traffic", 'none')),
  addressPool: addressPool
    .default('10.64.0.0/10')
    .meta(text('RANGE', 'where docker network create without --subnet gets a /24 from, equal on all hosts')),
  dockerHost: z
    .string()
    .regex(/^unix:\/\/\/\S+$/, "must be unix:///PATH: a peer networks its own host's containers")
    .default('unix:///var/run/docker.sock')
    .meta(text('URL', "the Docker engine's socket")),
  pluginSocket: socketPath.default('/run/docker/plugins/mesh.sock').meta(text('PATH', 'where Docker finds the plugin')),
  apiSocket: socketPath.default('/run/skein/skein.sock').meta(text('PATH', 'where skein and netctl find the API')),
  apiListen: loopbackAddress
    .optional()
    .meta(text('ADDR:PORT', 'serve the API over HTTP too, on a loopback address', 'off')),
  logLevel: z
    .enum(levels, { error: `is no level: use one of ${levels.join(', ')}` })
    .default('info')
    .meta(text('LEVEL', `one of ${levels.join(', ')}`)),
})

/**
 * What Docker gets for the id of a pool while its network is being born: a handle, which says what was known then. Docker
 * keeps it for the network's life.
 */
import type { Said } from './spec-options.ts'

const mark = 'born|'
const mark6 = '6|born|'

export interface Handle {
  /** The prefix that Docker shows: that of `--subnet`, or the whole range that one is chosen from. */
  readonly pool: string
  /**
   * The gateway that Docker was told, `ADDRESS/LENGTH`. The address is the base of `pool`; another one if the subnet is to be
   * chosen. The length may be any: Docker repeats it with CreateNetwork, and no other thing tells two pools of one prefix apart.
   */
  readonly gateway: string
  /** What `--ipam-opt` said. */
  readonly said: Said
}

/** Whether Docker's id of a pool is a handle, of a pool of either family. */
export function isHandle(poolId: string): boolean {
  return poolId.startsWith(mark) || poolId.startsWith(mark6)
}

/** `name` is one that no other has. */
export function writeHandle({ pool, gateway, said }: Handle, name: string): string {
  const ofOptions = Object.entries(said).map(([option, value]) => `${option}=${value}`)
  return [pool.includes(':') ? mark6 : mark, pool, gateway, name, ...ofOptions].join('|')
}

/** Undefined for what is no handle. */
export function readHandle(text: string): Handle | undefined {
  const isOf6 = text.startsWith(mark6)
  if (!isHandle(text)) return undefined
  const [tenant = '', pool = '', ...rest] = text.slice((isOf6 ? mark6 : mark).length).split('|')
  const said = tenant === '' ? saidOf(rest.slice(2)) : { tenant, group: rest[isOf6 ? 0 : 1] ?? '' }
  const gateway = tenant === '' ? rest[0] : olderGateway(pool, isOf6 ? baseOf(pool) : rest[0])
  return baseOf(pool) !== '' && gateway ? { pool, gateway, said } : undefined
}

function saidOf(fields: readonly string[]): Said {
  return Object.fromEntries(fields.map(field => field.split('=')))
}

/** Handles of earlier versions are `born|TENANT|POOL|ADDRESS|GROUP` and `6|born|TENANT|POOL|GROUP`, the group only where there is one. */
function olderGateway(pool: string, address = ''): string {
  return address === '' ? '' : `${address}/${lengthOf(pool)}`
}

/** Whether the subnet is still to be chosen. */
export function isChosen({ pool, gateway }: Pick<Handle, 'pool' | 'gateway'>): boolean {
  return baseOf(gateway) !== baseOf(pool)
}

/** The address of `10.1.2.0/24`. */
export function baseOf(prefix: string): string {
  return prefix.split('/')[0] ?? ''
}

/** The length of `10.1.2.0/24`. */
export function lengthOf(prefix: string): number {
  return Number(prefix.split('/')[1])
}

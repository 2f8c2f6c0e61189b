/** Who is who in the lab: names, addresses and paths, all functions of a host's number (1, 2, …). */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { SkeinError } from '../src/lib/errors.ts'

/** `-NAME` for a second lab beside the usual one (SKEIN_LAB_NAME), so that two clones can be tried on one machine. */
const suffix = /^[a-z0-9]{1,9}$/.test(process.env.SKEIN_LAB_NAME ?? '') ? `-${process.env.SKEIN_LAB_NAME}` : ''

/** Marks what is ours: value of `SKEIN_LAB` in the environment of our processes, and the name of our control groups. */
export const labMark = `sklab${suffix}`

/** State of the running lab: one JSON file per process, logs. Gone after a reboot, as the processes are. */
export const stateDir = `/run/skein-lab${suffix}`

/** Data of the hosts' peers, on the real disk, so that an fsync costs what it costs. */
export const dataDir = `/var/lib/skein-lab${suffix}`

/** More would not fit the machines that this is for, and .254 belongs to the outside. */
export const maxHosts = 32

/** Name server and default route of all hosts. */
export const outside = { name: 'outside', address: '192.168.2.254', port: 'pout' } as const

/** The namespace of the bridge that joins the hosts. */
export const switchName = 'switch'

/** Prefix length of the underlay 192.168.2.0/24. */
export const underlayLength = 24

/** TCP port of a peer's mesh. */
export const meshPort = 7373

export interface HostPlan {
  readonly number: number
  /** `host1` */
  readonly name: string
  /** On the underlay; host 1 is .10 as in Contiv's tutorial. */
  readonly address: string
  /** Its port of the switch. */
  readonly port: string
  /** Its peer's `--data-dir`. */
  readonly dataDir: string
}

/** The plan of host `number`. */
export function planHost(number: number): HostPlan {
  if (!Number.isInteger(number) || number < 1 || number > maxHosts) {
    throw new SkeinError('usage', `a lab has hosts 1 to ${maxHosts}, not ${number}; say --hosts N`)
  }
  const name = `host${number}`
  return { number, name, address: `192.168.2.${9 + number}`, port: `p${number}`, dataDir: `${dataDir}/${name}/skein` }
}

/** The number in `2`, `host2`; undefined for anything else. */
export function hostNumber(word: string): number | undefined {
  const digits = /^(?:host)?([1-9]\d?)$/.exec(word)?.[1]
  return digits !== undefined && Number(digits) <= maxHosts ? Number(digits) : undefined
}

/** The clone or installed package that this code is part of: the nearest folder above with a package.json. */
export function packageRoot(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new SkeinError('internal', 'cannot find the folder of the package skein')
    folder = parent
  }
  return folder
}

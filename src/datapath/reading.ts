/** The kernel as it was just read, in one tenant's namespace: its devices, and whatever else is asked for, once. */
import type { Run } from '../lib/exec.ts'
import type { Entries } from './entries.ts'
import { type Link, readEntries, readLinks, readRouters, readRouters6, readSpeakers } from './links.ts'

/** Devices, and entries on demand. */
export interface Reading {
  readonly links: ReadonlyMap<string, Link>
  entries(device: string): Promise<Entries>
  /** Devices whose packets to others are routed. */
  routers(): Promise<ReadonlySet<string>>
  /** The same of IPv6. */
  routers6(): Promise<ReadonlySet<string>>
  /** Devices that have IPv6. */
  speakers(): Promise<ReadonlySet<string>>
}

/**
 * Reads the devices; all else only when the first of the tenant's networks needs it.
 * @param only the device whose entries may be asked for; all devices' without it
 */
export async function readKernel(run: Run, namespace: string, only?: string): Promise<Reading> {
  const links = await readLinks(run, namespace)
  const vniOf = (device: string) => Number(links.get(device)?.info.id)
  const entries = once(() => readEntries(run, namespace, vniOf, only))
  return {
    links,
    entries: async device => (await entries())(device),
    routers: once(() => readRouters(run, namespace)),
    routers6: once(() => readRouters6(run, namespace)),
    speakers: once(() => readSpeakers(run, namespace)),
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined
  return () => {
    reading ??= read()
    return reading
  }
}

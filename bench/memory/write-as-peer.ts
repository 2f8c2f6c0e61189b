/** A second peer, a real one without Docker, that writes endpoints into the mesh of a host of the lab and ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LabHost } from '../../lab/index.ts'
import { endChild, finished, startChild } from '../lib/child.ts'

const port = 7400

export interface Written {
  /** Names of networks of the tenant `default`. */
  readonly networks: readonly string[]
  /** Endpoints in each. */
  readonly each: number
  /** Endpoints in one write. */
  readonly together: number
}

/** Resolves once the host's peer holds them all. */
export async function writeAsPeer(
  host: LabHost,
  { networks, each, together }: Written,
  signal: AbortSignal,
): Promise<void> {
  const directory = mkdtempSync(join('/var/lib', 'skein-bench-'))
  const listen = `${host.address}:${port}`
  const args = [await host.invite(), listen, directory, networks.join(), String(each), String(together)]
  const writer = startChild(new URL('writer.ts', import.meta.url), args, { host: host.name })
  try {
    await finished(writer, 'the second peer', signal)
  } finally {
    await endChild(writer)
    rmSync(directory, { recursive: true, force: true })
  }
}

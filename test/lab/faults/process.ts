/** What a peer's process holds, as the kernel counts it. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'

export interface Held {
  /** Resident memory, MiB. */
  memory: number
  /** Open files and sockets. */
  files: number
}

export function heldBy(host: LabHost): Held {
  const pid = host.peerPid()
  assert.ok(pid, `${host.name}: the peer runs`)
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return { memory: Number(kilobytes) / 1024, files: readdirSync(`/proc/${pid}/fd`).length }
}

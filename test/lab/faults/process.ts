/** What a peer's process holds. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { LabHost } from '../../../lab/index.ts'
import { eventually } from '../support/index.ts'

export interface Held {
  /** Of its heap, once its garbage is collected, MiB. */
  heap: number
  /** Beside the heap, after the same: what Buffers hold, MiB. */
  buffers: number
  /** Open files and sockets. */
  files: number
}

const program = fileURLToPath(new URL('heap.mjs', import.meta.url))

export async function heldBy(host: LabHost): Promise<Held> {
  const pid = host.peerPid()
  assert.ok(pid, `${host.name}: the peer runs`)
  const files = readdirSync(`/proc/${pid}/fd`).length
  // opens Node's inspector on the host's own loopback
  process.kill(pid, 'SIGUSR1')
  const [heap = 0, buffers = 0] = await eventually(async () => {
    const { stdout, stderr } = await host.exec([process.execPath, '--experimental-websocket', program])
    assert.match(stdout, /^\d+ \d+\n$/, stderr)
    return stdout.split(' ').map(bytes => Number(bytes) / 2 ** 20)
  })
  return { heap, buffers, files }
}

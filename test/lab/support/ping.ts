/** Pings between containers, counted packet by packet. */
import assert from 'node:assert/strict'
import type { Container } from './docker.ts'

export interface PingResult {
  sent: number
  /** Sequence numbers without an answer; the first packet is 0. */
  lost: number[]
}

/** Reads what busybox's ping prints. A last packet whose answer it did not wait for (`stopped`) is not lost. */
export function parsePing(text: string, stopped = false): PingResult {
  const sent = Number(/^(\d+) packets transmitted/m.exec(text)?.[1] ?? Number.NaN)
  assert.ok(Number.isInteger(sent), `ping prints its statistics: ${text}`)
  const answered = new Set([...text.matchAll(/ seq=(\d+) /g)].map(match => Number(match[1])))
  const lost = Array.from({ length: sent }, (_, seq) => seq).filter(seq => !answered.has(seq))
  return { sent, lost: stopped ? lost.filter(seq => seq !== sent - 1) : lost }
}

export interface PingOptions {
  /** @default 3 */
  count?: number
  /** @default 0.1 */
  intervalSeconds?: number
  /** How long to wait for the last answers. @default 1 */
  waitSeconds?: number
}

/** Pings `target` from the container. Never fails for loss. */
export async function ping(from: Container, target: string, options: PingOptions = {}): Promise<PingResult> {
  const flags = ['-c', String(options.count ?? 3), '-i', String(options.intervalSeconds ?? 0.1)]
  const argv = ['ping', ...flags, '-W', String(options.waitSeconds ?? 1), target]
  const result = await from.host.exec(['docker', 'exec', from.id, ...argv], { timeoutMs: 60_000 })
  return parsePing(result.stdout + result.stderr)
}

/** Every packet is answered, the first too. */
export async function assertReaches(from: Container, target: string, options?: PingOptions): Promise<void> {
  const { sent, lost } = await ping(from, target, options)
  assert.deepEqual(lost, [], `${from.name} -> ${target}: lost of ${sent}`)
}

/** No packet is answered. */
export async function assertCutOff(from: Container, target: string, options?: PingOptions): Promise<void> {
  const { sent, lost } = await ping(from, target, options)
  assert.equal(lost.length, sent, `${from.name} -> ${target}: unanswered of ${sent}`)
}

/**
 * Pings every 100 ms while `work` goes on; the result is whole also if the peer or the engine was killed meanwhile,
 * so long as the engine runs again at the end.
 */
export async function pingDuring(from: Container, target: string, work: () => Promise<void>): Promise<PingResult> {
  await from.exec('sh', '-c', `ping -i 0.1 ${target} >/tmp/ping 2>&1 & echo $! >/tmp/ping.pid`)
  try {
    await work()
  } finally {
    // SIGINT makes it print its statistics; it has ended when its pid is gone
    await from.exec(
      'sh',
      '-c',
      'p=$(cat /tmp/ping.pid); kill -INT $p; while kill -0 $p 2>/dev/null; do usleep 10000; done',
    )
  }
  return parsePing(await from.exec('cat', '/tmp/ping'), true)
}

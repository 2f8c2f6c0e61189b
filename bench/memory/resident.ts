/** Resident memory of a process, as the kernel counts it. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 250
/** Quiet: within this share for so many readings in a row. */
const steadyShare = 0.005
const steadyReadings = 12
const limitMs = 25_000

/** VmRSS of a process, bytes. Throws when it has ended. */
export function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN) * 1024
}

/** Reads until the figure stands still for 3 s, 25 s at most, and gives the last. */
export async function settledResident(pid: number, signal: AbortSignal): Promise<number> {
  const end = performance.now() + limitMs
  let reference = residentBytes(pid)
  for (let steady = 0; steady < steadyReadings && performance.now() < end; steady++) {
    await delay(everyMs, undefined, { signal })
    const now = residentBytes(pid)
    if (Math.abs(now - reference) <= reference * steadyShare) continue
    reference = now
    steady = -1
  }
  return residentBytes(pid)
}

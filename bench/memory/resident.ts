/** Resident memory of a process, as the kernel counts it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const everyMs = 250
/** Quiet: within this share for so many readings in a row. */
const steadyShare = 0.005
const steadyReadings = 12
const limitMs = 25_000

/** VmRSS of a process, bytes. Throws when it has ended. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS')
}

/** The most that a process took (VmHWM) since it began or `forgetPeak`, bytes. Throws when it has ended. */
export function peakBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM')
}

/** The most that a process took begins anew with what it takes now: proc(5), clear_refs, 5. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function statusBytes(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024
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

/** Facts of the machine, without which figures mean nothing. */
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '../../src/lib/exec.ts'

export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  /** Version of the engine's program; '' if it is not installed. */
  readonly docker: string
}

export async function machineFacts(): Promise<Machine> {
  const { stdout } = await run('dockerd', ['--version'])
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? '',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    docker: /version ([^\s,]+)/.exec(stdout)?.[1] ?? '',
  }
}

export function machineText(machine: Machine): string {
  const { cores, processor, memoryGiB, kernel, node, docker } = machine
  return `${cores} cores (${processor}), ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, Docker ${docker || 'not installed'}`
}

export interface CpuPressure {
  /** Share of the last 10 s in which some process waited for a processor, %. */
  readonly lastPercent: number
  /** For how long some process waited since the machine was started, ms. */
  readonly totalMs: number
}

/** Undefined where the kernel does not tell. */
export function cpuPressure(): CpuPressure | undefined {
  try {
    return parsePressure(readFileSync('/proc/pressure/cpu', 'utf8'))
  } catch {
    return undefined // a kernel without PSI
  }
}

/** Reads the `some` line of a file in /proc/pressure. */
export function parsePressure(text: string): CpuPressure | undefined {
  const [, last, total] = /^some avg10=([\d.]+).* total=(\d+)/m.exec(text) ?? []
  return last === undefined || total === undefined
    ? undefined
    : { lastPercent: Number(last), totalMs: Number(total) / 1000 }
}

/** Above this others take so much of the processors that figures are not worth keeping, % (reference: perf.md 7). */
export const busyPercent = 20

/** The average over 10 s forgets what was before, the last measurement or a build, within this, ms. */
const quietLimitMs = 15_000

/** Waits until the machine is at rest, but not for ever: then it is others that keep it busy. */
export async function untilQuiet(signal: AbortSignal): Promise<void> {
  const end = performance.now() + quietLimitMs
  const isBusy = () => (cpuPressure()?.lastPercent ?? 0) > busyPercent / 2
  while (isBusy() && performance.now() < end && !signal.aborted) await delay(500)
}

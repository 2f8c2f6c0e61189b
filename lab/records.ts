/**
 * What runs, as files: /run/skein-lab/NODE.ROLE.json holds one process. One file per process, replaced by rename, so
 * commands may run side by side and a crash at any moment leaves what `down` needs.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { SkeinError } from '../src/lib/errors.ts'
import { hostNumber, stateDir } from './plan.ts'
import { isRunning, type ProcessRecord } from './processes.ts'

/** holder: keeps the namespaces; engine: dockerd; peer: skeind; dns: the outside's name server. */
export type Role = 'holder' | 'engine' | 'peer' | 'dns'

const fileOf = (node: string, role: Role): string => `${stateDir}/${node}.${role}.json`

/** Claims the state directory; refused while a lab is there. */
export function claimState(): void {
  try {
    mkdirSync(stateDir)
    mkdirSync(`${stateDir}/logs`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new SkeinError('conflict', 'a lab is up, or was left behind by a crash; remove it with: skein lab down')
  }
}

export function logFileOf(node: string, role: Role): string {
  return `${stateDir}/logs/${node}.${role}.log`
}

export function saveRecord(node: string, role: Role, record: ProcessRecord): void {
  const file = fileOf(node, role)
  writeFileSync(`${file}.new`, JSON.stringify(record))
  renameSync(`${file}.new`, file)
}

/** The process of that role if it runs. */
export function runningRecord(node: string, role: Role): ProcessRecord | undefined {
  const record = readRecord(fileOf(node, role))
  return isRunning(record) ? record : undefined
}

function readRecord(file: string): ProcessRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const { pid, startTicks } = value as Partial<ProcessRecord>
    return typeof pid === 'number' && typeof startTicks === 'string' ? { pid, startTicks } : undefined
  } catch {
    return undefined // not started, or cut off by a crash: `down` finds the process by its mark
  }
}

/** Numbers of the hosts that have a record, ascending. */
export function recordedHosts(): number[] {
  let files: string[]
  try {
    files = readdirSync(stateDir)
  } catch {
    return [] // no lab
  }
  return files
    .flatMap(file => (file.endsWith('.holder.json') ? (hostNumber(file.slice(0, -'.holder.json'.length)) ?? []) : []))
    .sort((a, b) => a - b)
}

/** Forgets everything. */
export function dropState(): void {
  rmSync(stateDir, { recursive: true, force: true })
}

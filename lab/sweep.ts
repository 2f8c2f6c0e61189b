/**
 * Finding every process of the lab, whatever state a crash left behind. Ours is who bears our mark in its
 * environment, lives in the mount namespace of one who does, descends from such a one, or is in a control group of
 * ours (containers, whose environment is their own).
 */
import { readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs'
import { labMark } from './plan.ts'
import { type ProcessRecord, recordOf, signalProcess } from './processes.ts'
import { until } from './wait.ts'

const groupRoot = '/sys/fs/cgroup'

interface Seen {
  readonly pid: number
  readonly parent: number
  readonly mounts: string
  readonly marked: boolean
}

/** Who is ours among `all`; `home` is the mount namespace of the machine itself, which is never a reason. */
export function ownProcesses(all: readonly Seen[], home: string, inGroups: ReadonlySet<number>): Set<number> {
  const marked = all.filter(one => one.marked)
  const mounts = new Set(marked.map(one => one.mounts).filter(id => id !== home && id !== ''))
  const own = new Set(
    all.filter(one => one.marked || mounts.has(one.mounts) || inGroups.has(one.pid)).map(one => one.pid),
  )
  for (let size = -1; size !== own.size; ) {
    size = own.size
    for (const one of all) if (own.has(one.parent)) own.add(one.pid)
  }
  return own
}

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch {
    return otherwise // it ended while we looked, or is a kernel thread
  }
}

function look(): Seen[] {
  const pids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(Number)
  return pids.map(pid => {
    const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '')
    const environment = attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8'), '')
    return {
      pid,
      parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0),
      mounts: attempt(() => readlinkSync(`/proc/${pid}/ns/mnt`), ''),
      marked: environment.split('\0').includes(`SKEIN_LAB=${labMark}`),
    }
  })
}

/** Our control groups, children before parents; one tree per controller with cgroup v1, one in all with v2. */
function ownGroups(group = labMark): string[] {
  const controllers = attempt(() => readdirSync(groupRoot, { withFileTypes: true }), [])
  const tops = ['', ...controllers.filter(entry => entry.isDirectory()).map(entry => `/${entry.name}`)]
  return tops.flatMap(top => groupsBelow(`${groupRoot}${top}/${group}`))
}

function groupsBelow(group: string): string[] {
  const entries = attempt(() => readdirSync(group, { withFileTypes: true }), undefined)
  if (!entries) return []
  const children = entries.filter(entry => entry.isDirectory()).flatMap(entry => groupsBelow(`${group}/${entry.name}`))
  return [...children, group]
}

function pidsIn(groups: readonly string[]): Set<number> {
  const lists = groups.map(group => attempt(() => readFileSync(`${group}/cgroup.procs`, 'utf8'), ''))
  return new Set(lists.flatMap(text => text.split('\n').filter(Boolean).map(Number)))
}

/** The lab's running processes. Neither this process nor its ancestors, even if run from inside the lab. */
export function findProcesses(): ProcessRecord[] {
  const all = look()
  const own = ownProcesses(all, readlinkSync('/proc/self/ns/mnt'), pidsIn(ownGroups()))
  for (let pid: number | undefined = process.pid; pid; pid = all.find(one => one.pid === pid)?.parent) own.delete(pid)
  return [...own].flatMap(pid => recordOf(pid) ?? [])
}

/** Those that live in a mount namespace or in a control group, and their descendants. */
export function processesOf({ mounts, group }: { mounts: string; group: string }): ProcessRecord[] {
  const all = look().map(one => ({ ...one, marked: one.mounts === mounts }))
  const own = ownProcesses(all, readlinkSync('/proc/self/ns/mnt'), pidsIn(ownGroups(group)))
  return [...own].flatMap(pid => recordOf(pid) ?? [])
}

/** Kills what `find` finds until it finds nothing more. */
export async function killAll(find: () => ProcessRecord[], what: string): Promise<void> {
  const none = () => {
    const found = find()
    for (const record of found) signalProcess(record, 'SIGKILL')
    return found.length === 0 ? true : undefined
  }
  await until(none, { timeoutMs: 20_000, what, intervalMs: 20 })
}

/** Kills all processes of the lab, then removes the control groups. */
export async function sweep(): Promise<void> {
  await killAll(findProcesses, 'processes of the lab did not end')
  await until(groupsRemoved, { timeoutMs: 5000, what: 'control groups of the lab stayed busy' })
}

function groupsRemoved(): true | undefined {
  const groups = ownGroups()
  // busy for a moment after its last process ended: tried again
  for (const group of groups) attempt(() => rmdirSync(group), undefined)
  return ownGroups().length === 0 ? true : undefined
}

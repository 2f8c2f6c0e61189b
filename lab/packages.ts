/** What the lab needs of Debian. Present programs are used as they are; nothing is ever removed. */
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { SkeinError } from '../src/lib/errors.ts'
import { run } from '../src/lib/exec.ts'
import { cleanEnvironment } from './processes.ts'

/** Programs, and the package of Debian 13 that each comes from. */
export type Programs = Readonly<Record<string, string>>

const requirements: Programs = {
  dockerd: 'docker.io',
  docker: 'docker-cli',
  iptables: 'iptables',
  ipset: 'ipset',
  ebtables: 'ebtables',
  nft: 'nftables',
  conntrack: 'conntrack',
  tcpdump: 'tcpdump',
  busybox: 'busybox-static',
  dnsmasq: 'dnsmasq-base',
  ip: 'iproute2',
  sysctl: 'procps',
  ping: 'iputils-ping',
}

/** Packages, each once, whose programs `has` does not find. An engine on a kernel with AppArmor needs its loader too. */
export function missingPackages(
  has: (program: string) => boolean,
  withAppArmor: boolean,
  programs = requirements,
): string[] {
  const wanted = withAppArmor ? { ...programs, apparmor_parser: 'apparmor' } : programs
  return [...new Set(Object.entries(wanted).flatMap(([program, name]) => (has(program) ? [] : name)))]
}

function missingHere(programs: Programs): string[] {
  const file = '/sys/module/apparmor/parameters/enabled'
  return missingPackages(isInstalled, existsSync(file) && readFileSync(file, 'utf8').startsWith('Y'), programs)
}

function isInstalled(program: string): boolean {
  return cleanEnvironment.PATH.split(':').some(folder => {
    try {
      accessSync(`${folder}/${program}`, constants.X_OK)
      return true
    } catch {
      return false // not in this folder
    }
  })
}

/**
 * Installs what is missing, with apt-get.
 * @param programs @default what the lab itself needs
 * @param next What to type after installing by hand what could not be had.
 */
export async function installMissing(
  progress: (line: string) => void,
  programs = requirements,
  next = 'skein lab up',
): Promise<void> {
  const missing = missingHere(programs)
  if (missing.length === 0) return
  progress(`installing ${missing.join(' ')}`)
  await withoutServices(async () => {
    await apt(['update'], next)
    await apt(['install', '--yes', '--no-install-recommends', '--no-remove', ...missing], next)
  })
  const still = missingHere(programs)
  if (still.length > 0)
    throw new SkeinError('unavailable', `apt-get did not bring ${still.join(', ')}; install them, then: ${next}`)
}

/** On a mirror far away this takes minutes, not seconds. */
const aptLimitMs = 15 * 60_000

/** Somebody else's apt-get on this machine is waited for, s. */
const lockLimitS = 300

async function apt(args: readonly string[], next: string): Promise<void> {
  const own = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', `DPkg::Lock::Timeout=${lockLimitS}`]
  const result = await run('env', [...own, ...args], { timeoutMs: aptLimitMs })
  if (result.code === 0) return
  const cause = result.stderr.trim().split('\n').slice(-2).join(' ')
  throw new SkeinError(
    'unavailable',
    `apt-get ${args[0]} failed: ${cause}; install what is missing by hand, then: ${next}`,
  )
}

/**
 * Without systemd nobody manages an engine that the package's script would start, so it must not; with systemd the
 * engine that starts is the machine's, as after any installation.
 */
async function withoutServices(install: () => Promise<void>): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync('/run/systemd/system') || existsSync(policy)) return install()
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' })
  try {
    await install()
  } finally {
    rmSync(policy)
  }
}

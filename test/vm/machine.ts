/** An emulated machine with Debian's kernel. KVM is not needed; a Node that starts in 40 ms takes 400 ms here. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../lab/wait.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import { type Job, makeInitramfs } from './initramfs.ts'
import type { Kernel } from './kernel.ts'

export interface MachineOptions {
  /** Ends the machine and what belongs to it. */
  readonly signal: AbortSignal
  /** After this it is ended, ms. */
  readonly limitMs: number
}

const cores = 2
const memory = '3G'

/** Runs the job there, with its output on ours; resolves with its exit code once the machine is gone. */
export async function runInMachine(kernel: Kernel, job: Job, { signal, limitMs }: MachineOptions): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'skein-vm-'))
  const children: ChildProcess[] = []
  const start = (argv: readonly string[], output: 'inherit' | 'ignore'): ChildProcess => {
    // should this process be killed, they must not stay behind. An input at its end would disconnect the output, too
    const child = spawn('setpriv', ['--pdeathsig', 'SIGKILL', ...argv], { stdio: ['pipe', output, 'inherit'] })
    children.push(child)
    return child
  }
  try {
    const archive = await makeInitramfs(scratch, kernel, job)
    signal.throwIfAborted()
    const files = await shareFiles(scratch, start)
    const machine = start(qemuArguments(scratch, { kernel, archive, files }), 'inherit')
    await ended(machine, signal, limitMs)
    return exitCode(scratch)
  } finally {
    for (const child of children) child.kill('SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  }
}

type Start = (argv: readonly string[], output: 'inherit' | 'ignore') => ChildProcess

/** This machine's files, for reading. Resolves with the socket where they can be had. */
async function shareFiles(scratch: string, start: Start): Promise<string> {
  const socket = join(scratch, 'files.sock')
  const access = ['--shared-dir', '/', '--readonly', '--sandbox', 'none', '--cache', 'always']
  // as one file system: /proc, /dev and the like of this machine are empty folders there
  const look = ['--no-announce-submounts', '--log-level', 'error']
  start(['/usr/libexec/virtiofsd', '--socket-path', socket, ...access, ...look], 'ignore')
  await until(() => (existsSync(socket) ? true : undefined), { timeoutMs: 10_000, what: 'virtiofsd did not start' })
  return socket
}

function qemuArguments(
  scratch: string,
  { kernel, archive, files }: { kernel: Kernel; archive: string; files: string },
): string[] {
  // mitigations only cost time here; AppArmor would have to be installed; on a busy machine the clock is taken for a bad
  // one, and a slower one used
  const boot = 'console=ttyS0 quiet panic=-1 mitigations=off apparmor=0 tsc=reliable'
  return [
    'qemu-system-x86_64',
    ...['-nodefaults', '-no-reboot', '-display', 'none', '-machine', 'q35', '-accel', 'tcg,thread=multi'],
    // what a newer one could do, such as AVX and five levels of page tables, takes longer here than doing without
    ...['-cpu', 'qemu64', '-smp', String(cores), '-m', memory],
    // virtiofsd reads and writes the machine's memory
    ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`, '-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=files,path=${files}`, '-device', 'vhost-user-fs-pci,chardev=files,tag=root'],
    ...['-device', 'virtio-serial'],
    ...['-chardev', 'stdio,id=output,signal=off', '-device', 'virtserialport,chardev=output,nr=1'],
    ...['-chardev', `file,id=code,path=${join(scratch, 'code')}`, '-device', 'virtserialport,chardev=code,nr=2'],
    ...['-serial', `file:${consoleFile(scratch)}`],
    ...['-kernel', kernel.image, '-initrd', archive, '-append', boot],
  ]
}

const consoleFile = (scratch: string): string => join(scratch, 'console')

function ended(machine: ChildProcess, signal: AbortSignal, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = new SkeinError('timeout', `the job did not end within ${limitMs / 60_000} minutes`)
    const timer = setTimeout(() => reject(late), limitMs)
    machine.once('error', reject)
    machine.once('exit', () => resolve())
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    machine.once('close', () => clearTimeout(timer))
    if (signal.aborted) reject(signal.reason)
  })
}

function exitCode(scratch: string): number {
  const code = existsSync(join(scratch, 'code')) ? readFileSync(join(scratch, 'code'), 'utf8').trim() : ''
  if (/^\d+$/.test(code)) return Number(code)
  const lines = readFileSync(consoleFile(scratch), 'utf8').trim().split('\n')
  throw new SkeinError('internal', `the machine ended before its job did; its console: ${lines.slice(-5).join(' | ')}`)
}

/** The little file system that the kernel starts with: busybox, one module, what is to be run. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SkeinError } from '../../src/lib/errors.ts'
import { run } from '../../src/lib/exec.ts'
import type { Kernel } from './kernel.ts'

/** What the machine runs, once it is up. */
export interface Job {
  /** Where, in this machine's files, which the machine sees too. */
  readonly folder: string
  readonly argv: readonly string[]
}

/** Makes it in `scratch`, an empty folder; resolves with the archive's path. */
export async function makeInitramfs(scratch: string, kernel: Kernel, job: Job): Promise<string> {
  const root = join(scratch, 'initramfs')
  for (const folder of ['bin', 'dev', 'proc', 'lower', 'upper', 'job'])
    mkdirSync(join(root, folder), { recursive: true })
  copyFileSync('/usr/bin/busybox', join(root, 'bin/busybox'))
  copyFileSync(join(import.meta.dirname, 'init.sh'), join(root, 'init'))
  copyFileSync(join(kernel.modules, kernel.version, 'kernel/fs/overlayfs/overlay.ko'), join(root, 'overlay.ko'))
  writeFileSync(join(root, 'job/modules'), kernel.modules)
  writeFileSync(join(root, 'job/start'), join(import.meta.dirname, 'start.sh'))
  writeFileSync(join(root, 'job/folder'), job.folder)
  // a NUL after each, so that no shell reads anything into them
  writeFileSync(join(root, 'job/argv'), job.argv.map(word => `${word}\0`).join(''))
  const archive = join(scratch, 'initramfs.cpio')
  await must(root, 'chmod 755 init && find . | cpio --create --format=newc --quiet --file="$1"', archive)
  return archive
}

async function must(folder: string, script: string, argument: string): Promise<void> {
  const { code, stderr } = await run('sh', ['-c', `cd "$1" && shift && ${script}`, '-', folder, argument])
  if (code !== 0) throw new SkeinError('internal', `the initramfs cannot be made: ${stderr.trim()}`)
}

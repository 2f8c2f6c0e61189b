/**
 * A build of an earlier version, out of its own source: commit 45a3945 of 2026-11-24, made by
 * `git archive COMMIT src cli lab bin build.mjs package.json | gzip -9n`. It knows neither IPv6 nor gateways nor rewritten journals.
 */
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../../lab/plan.ts'
import { run } from '../../../src/lib/exec.ts'

const archive = join(import.meta.dirname, 'skein-45a3945.tar.gz')

/** Builds it with the packages that are installed here; gives its folder. */
export async function buildEarlier(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-earlier-'))
  try {
    await must('tar', '-xzf', archive, '-C', folder)
    await symlink(join(packageRoot(), 'node_modules'), join(folder, 'node_modules'))
    await must('env', '-C', folder, process.execPath, 'build.mjs')
    return folder
  } catch (error) {
    await removeEarlier(folder)
    throw error
  }
}

export function removeEarlier(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true })
}

async function must(file: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await run(file, args, { timeoutMs: 60_000 })
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`)
}

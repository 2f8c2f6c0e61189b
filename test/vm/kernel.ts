/** Debian's kernel, unpacked beside the clone's other caches: nothing of it is installed on this machine. */
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../lab/plan.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import { run } from '../../src/lib/exec.ts'

export interface Kernel {
  /** `6.12.118+deb13-cloud-amd64` */
  readonly version: string
  readonly image: string
  /** Holds `VERSION/`, as /lib/modules does. */
  readonly modules: string
}

const metaPackage = 'linux-image-cloud-amd64'
const cache = join(packageRoot(), '.cache/vm')
const home = join(cache, 'kernel')
const downloadLimitMs = 10 * 60_000

/** The kernel of an earlier run, or the newest that apt knows. */
export async function findKernel(progress: (line: string) => void): Promise<Kernel> {
  if (process.arch !== 'x64')
    throw new SkeinError(
      'unsupported',
      `the machine's kernel is ${metaPackage}; run this on amd64, not on ${process.arch}`,
    )
  const known = unpacked()
  if (known) return known
  progress(`fetching ${metaPackage}`)
  await fetchKernel(progress)
  const fetched = unpacked()
  if (!fetched) throw new SkeinError('internal', `no kernel in ${home}; remove that folder, then: npm run test:vm`)
  return fetched
}

function unpacked(): Kernel | undefined {
  try {
    const [version] = readdirSync(join(home, 'lib/modules'))
    return version
      ? { version, image: join(home, 'boot', `vmlinuz-${version}`), modules: join(home, 'usr/lib/modules') }
      : undefined
  } catch {
    return undefined // not fetched yet
  }
}

/** Under another name until it is whole: an interrupted run must not leave half a kernel. */
async function fetchKernel(progress: (line: string) => void): Promise<void> {
  const fresh = join(cache, `fetching-${process.pid}`)
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(join(fresh, 'root/usr/lib'), { recursive: true })
  try {
    await must('sh', ['-c', 'cd "$1" && apt-get -q download "$2"', '-', fresh, await newestPackage(progress)])
    const [archive] = readdirSync(fresh).filter(name => name.endsWith('.deb'))
    if (!archive)
      throw new SkeinError('unavailable', `apt-get downloaded no kernel; try: apt-get download ${metaPackage}`)
    const root = join(fresh, 'root')
    await must('dpkg-deb', ['-x', join(fresh, archive), root])
    symlinkSync('usr/lib', join(root, 'lib'))
    // once here rather than at each load, on an emulated processor
    await must('sh', ['-c', 'find "$1" -name "*.ko.xz" -print0 | xargs -0 -n 64 xz -d', '-', root])
    const [version = ''] = readdirSync(join(root, 'lib/modules'))
    await must('depmod', ['-b', root, version])
    renameSync(root, home)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** The package that the meta package stands for. */
async function newestPackage(progress: (line: string) => void): Promise<string> {
  const ask = async () =>
    /Depends: (linux-image-\S+)/.exec((await run('apt-cache', ['depends', metaPackage])).stdout)?.[1]
  const known = await ask()
  if (known) return known
  progress('apt-get update')
  await must('apt-get', ['-q', 'update'])
  const found = await ask()
  if (found) return found
  throw new SkeinError(
    'unavailable',
    `apt knows no ${metaPackage}; add Debian 13's main archive to apt, then: npm run test:vm`,
  )
}

async function must(file: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await run(file, args, { timeoutMs: downloadLimitMs })
  if (code === 0) return
  const cause = stderr.trim().split('\n').slice(-2).join(' ')
  throw new SkeinError('unavailable', `${file} failed: ${cause}; mend it, then: npm run test:vm`)
}

/** A clean Debian 13 in a folder, with this clone in /root/skein: what a new host has, but for systemd and a kernel. */
import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../lab/plan.ts'
import { type RunOptions, type RunResult, run } from '../../src/lib/exec.ts'

export interface Root {
  readonly folder: string
  /** A path in it, as seen from here. */
  path(inside: string): string
  /** Runs a program in it, as root, in mount, pid and network namespaces of its own or, with `online`, this machine's network. */
  exec(argv: readonly string[], options?: RunOptions & { online?: boolean }): Promise<RunResult>
  remove(): void
}

const mirror = 'http://deb.debian.org/debian'
const makeLimitMs = 10 * 60_000

export async function makeRoot(): Promise<Root> {
  const folder = mkdtempSync('/var/tmp/skein-install-')
  chmodSync(folder, 0o755)
  const root: Root = {
    folder,
    path: inside => join(folder, inside),
    exec: (argv, options) => execIn(folder, argv, options),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
  try {
    const made = await run('debootstrap', ['--variant=minbase', 'trixie', folder, mirror], { timeoutMs: makeLimitMs })
    assert.equal(made.code, 0, `debootstrap: ${made.stdout.slice(-500)}${made.stderr}`)
    // nobody minds if this root is lost with the power
    writeFileSync(root.path('etc/dpkg/dpkg.cfg.d/test'), 'force-unsafe-io\n')
    copyWays(root)
    await copyClone(root)
    return root
  } catch (error) {
    root.remove()
    throw error
  }
}

/** This machine's ways to the registries: resolver, certificates, npm's settings. */
function copyWays(root: Root): void {
  const files = {
    '/etc/resolv.conf': 'etc/resolv.conf',
    '/etc/ssl/certs/ca-certificates.crt': 'root/ca.crt',
    '/root/.npmrc': 'root/.npmrc',
  }
  for (const [from, to] of Object.entries(files)) if (existsSync(from)) copyFileSync(from, root.path(to))
}

/** What a clone of the work tree would have. */
async function copyClone(root: Root): Promise<void> {
  const to = root.path('root/skein')
  mkdirSync(to)
  const script =
    'git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -C "$1" --no-same-owner -xf -'
  const { code, stderr } = await run('bash', ['-o', 'pipefail', '-c', `cd "$2" && ${script}`, '-', to, packageRoot()])
  assert.equal(code, 0, `copying the clone: ${stderr}`)
}

function execIn(
  folder: string,
  argv: readonly string[],
  options: RunOptions & { online?: boolean } = {},
): Promise<RunResult> {
  const environment = [
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'HOME=/root',
    'LANG=C.UTF-8',
  ]
  const certificates = ['NODE_EXTRA_CA_CERTS=/root/ca.crt', 'npm_config_cafile=/root/ca.crt']
  const own = ['--mount', '--pid', '--fork', '--kill-child', ...(options.online ? [] : ['--net'])]
  const mounts =
    'mount -t proc proc "$1/proc"; mount -t sysfs sys "$1/sys"; mount --bind /dev "$1/dev"; ip link set lo up'
  const chroot = `${mounts}; root=$1; shift; exec env -i "$@"`
  const words = ['sh', '-c', chroot, '-', folder, ...environment, ...certificates, 'chroot', folder, ...argv]
  return run('unshare', [...own, ...words], options)
}

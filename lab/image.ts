/** The image `alpine`, made from this machine's busybox, since the lab has no way to a registry. */
import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { SkeinError } from '../src/lib/errors.ts'
import { run } from '../src/lib/exec.ts'
import { step } from './node.ts'
import { dataDir } from './plan.ts'

/**
 * What an interactive shell in a container reads first. Alpine's `nc` can look whether a port is open (`-z`), that of
 * Debian's busybox cannot, and its shell takes its own before any program of that name; so this speaks for it.
 */
const shellStart = `nc() {
  case "$1" in -*z*) ;; *) busybox nc "$@"; return ;; esac
  local flag limit=5 said OPTIND=1
  while getopts nzvw: flag; do [ "$flag" != w ] || limit=$OPTARG; done
  shift $((OPTIND - 1))
  if said=$(busybox nc -w "$limit" "$1" "$2" 2>&1 >/dev/null </dev/null); then
    echo "$1 ($1:$2) open" >&2
    return 0
  fi
  case "$said" in *'timed out'*) echo "nc: $1 ($1:$2): Operation timed out" >&2 ;; esac
  return 1
}
`

const imageFile = `${dataDir}/alpine.tar`

/** Builds the image file that `loadImage` imports. */
export async function makeImage(): Promise<void> {
  const root = `${dataDir}/alpine`
  rmSync(root, { recursive: true, force: true })
  for (const folder of ['bin', 'usr', 'etc', 'root', 'tmp', 'var', 'proc', 'sys', 'dev']) {
    mkdirSync(`${root}/${folder}`, { recursive: true })
  }
  for (const alias of ['sbin', 'usr/bin', 'usr/sbin']) symlinkSync('/bin', `${root}/${alias}`)
  await copyBusybox(root)
  chmodSync(`${root}/tmp`, 0o1777)
  writeFileSync(`${root}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n')
  writeFileSync(`${root}/etc/group`, 'root:x:0:\nnobody:x:65534:\n')
  writeFileSync(`${root}/etc/shell-start`, shellStart)
  await must('tar', ['-C', root, '-cf', imageFile, '.'])
  rmSync(root, { recursive: true })
}

async function copyBusybox(root: string): Promise<void> {
  const busybox = '/usr/bin/busybox'
  copyFileSync(busybox, `${root}/bin/busybox`)
  // the applet list of Debian's busybox names itself
  const applets = (await must(busybox, ['--list'])).split('\n').filter(name => name !== '' && name !== 'busybox')
  for (const applet of applets) symlinkSync('busybox', `${root}/bin/${applet}`)
  // `busybox` in place of `busybox-static` (one excludes the other) needs its libraries; ldd fails for a static program
  const libraries = await run('ldd', [busybox])
  if (libraries.code !== 0) return
  for (const [, path = ''] of libraries.stdout.matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(dirname(root + path), { recursive: true })
    copyFileSync(path, root + path)
  }
}

async function must(file: string, args: readonly string[]): Promise<string> {
  const result = await run(file, args)
  if (result.code === 0) return result.stdout
  throw new SkeinError('internal', `making the image failed: ${file}: ${result.stderr.trim()}`)
}

/** Gives the host's engine the image, as `alpine:latest`. */
export async function loadImage(host: string): Promise<void> {
  const changes = ['CMD ["/bin/sh"]', 'ENV ENV=/etc/shell-start'].flatMap(change => ['--change', change])
  await step(host, ['docker', 'import', ...changes, imageFile, 'alpine:latest'])
}

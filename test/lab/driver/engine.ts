/** One real Docker engine in a network and mount namespace of its own, whose plugin directory this process can write. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../../../src/lib/exec.ts'
import { onInterrupt } from '../support/interrupt.ts'

export interface Engine {
  /** `/run/docker/plugins` of the engine, as this process sees it. */
  readonly pluginDir: string
  readonly host: string
  readonly netns: string
  /** Runs the docker command; throws unless it succeeds; gives its output without the last newline. */
  docker(...args: string[]): Promise<string>
  /** Runs `ip` in the engine's network namespace; throws unless it succeeds. */
  ip(...args: string[]): Promise<string>
  start(): Promise<void>
  kill(): Promise<void>
  /** Ends the engine and removes all that it left. */
  remove(): Promise<void>
}

// The engine's own folders: not the machine's, and not on a disk that may itself be an overlay. The shell stays, so that
// a second engine finds what the first one mounted.
const script = `
set -e
mount --bind "$1/run" /run/docker
mount -t tmpfs none /run/containerd
mount -t tmpfs none "$1/data"
echo ready
exec sleep infinity
`

export async function createEngine(): Promise<Engine> {
  const dir = await mkdtemp(join(tmpdir(), 'skein-engine-'))
  const netns = `skein-engine-${process.pid}`
  const host = `unix://${dir}/docker.sock`
  for (const name of ['run', 'data']) await mkdir(join(dir, name))
  for (const path of ['/run/docker', '/run/containerd']) await mkdir(path, { recursive: true })
  await must('ip', ['netns', 'add', netns])
  await must('ip', ['-n', netns, 'link', 'set', 'lo', 'up'])
  const keeper = spawn('nsenter', [`--net=/run/netns/${netns}`, 'unshare', '-m', 'sh', '-c', script, 'sh', dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve, reject) => {
    keeper.stdout.once('data', resolve)
    keeper.once('exit', () => reject(new Error('the mount namespace could not be made')))
  })
  let child: ChildProcess | undefined

  const docker = (...args: string[]) => must('docker', ['-H', host, ...args])

  const engine: Engine = {
    pluginDir: join(dir, 'run', 'plugins'),
    host,
    netns,
    docker,
    ip: (...args) => must('ip', ['-n', netns, ...args]),
    async start() {
      const log = openSync(join(dir, 'log'), 'a')
      const flags = ['-H', host, '--data-root', `${dir}/data`, '--pidfile', `${dir}/pid`, '--exec-root', '/run/docker']
      const cgroup = ['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', `/${netns}`]
      const inside = ['-t', String(keeper.pid), '-m', '-n', 'dockerd']
      child = spawn('nsenter', [...inside, ...flags, ...cgroup], { stdio: ['ignore', log, log] })
      closeSync(log)
      for (let left = 600; left > 0; left--) {
        if ((await run('docker', ['-H', host, 'version'])).code === 0) return
        if (child.exitCode !== null) break
        await new Promise(resolve => setTimeout(resolve, 50))
      }
      throw new Error(`the engine did not start: ${readFileSync(join(dir, 'log'), 'utf8').slice(-2000)}`)
    },
    kill: () => end(child, 'SIGKILL'),
    async remove() {
      forget()
      const containers = (await run('docker', ['-H', host, 'ps', '-aq'])).stdout.split('\n').filter(id => id !== '')
      if (containers.length > 0) await run('docker', ['-H', host, 'rm', '-f', ...containers], { timeoutMs: 60_000 })
      await end(child, 'SIGTERM')
      await end(keeper, 'SIGKILL')
      await run('ip', ['netns', 'del', netns])
      await rm(dir, { recursive: true, force: true })
      // one tree per controller with cgroup v1, one in all with v2
      const ours = ['(', '-path', `*/${netns}`, '-o', '-path', `*/${netns}/*`, ')']
      await run('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', ...ours, '-exec', 'rmdir', '{}', ';'])
    },
  }
  const forget = onInterrupt(engine.remove)
  return engine
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

/** Makes the image `alpine` of this machine's busybox: there is no registry. */
export async function loadImage(engine: Engine): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'skein-image-'))
  await mkdir(join(root, 'bin'))
  await copyFile('/usr/bin/busybox', join(root, 'bin/busybox'))
  await chmod(join(root, 'bin/busybox'), 0o755)
  for (const applet of ['sh', 'sleep', 'ip', 'cat', 'route']) await symlink('busybox', join(root, 'bin', applet))
  await must('tar', ['-C', root, '-cf', `${root}.tar`, '.'])
  await engine.docker('import', '--change', 'CMD ["sleep","3600"]', `${root}.tar`, 'alpine')
  await rm(root, { recursive: true })
  await rm(`${root}.tar`)
}

async function must(file: string, args: readonly string[]): Promise<string> {
  const result = await run(file, args, { timeoutMs: 60_000 })
  if (result.code !== 0) throw new Error(`${file} ${args.join(' ')}: ${result.stderr || result.stdout}`)
  return result.stdout.replace(/\n$/, '')
}

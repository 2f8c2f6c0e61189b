/**
 * docker_gwbridge, Docker's bridge for the way out. Docker makes it and its ports when it likes, after Join too, so this
 * listens for changes of devices and addresses in the host's namespace, and marks each port isolated: no frame of any
 * protocol passes between two isolated ports.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Clock, Timer } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { Run } from '../lib/exec.ts'
import { readLinkLists } from './links.ts'
import { gatewayBridge } from './names.ts'

export interface GatewayBridge {
  /** IPv4 and IPv6, `ADDRESS/LENGTH`, sorted; [] if there is no such bridge. */
  readonly subnets: readonly string[]
  /** Ports that are not isolated. */
  readonly open: readonly string[]
}

/** With one process: each port that comes or goes is followed by a look. */
export async function readGatewayBridge(run: Run): Promise<GatewayBridge> {
  const lists = await readLinkLists(run, ['dev', gatewayBridge, 'scope', 'global'], ['master', gatewayBridge])
  const [bridge, ports] = (lists ?? []).map(links => [...links.values()])
  const subnets = (bridge ?? []).flatMap(({ addresses, addresses6 }) => [...addresses, ...addresses6]).sort()
  const open = (ports ?? []).filter(({ port }) => port.isolated === false).map(({ name }) => name)
  return { subnets, open }
}

/** Isolates these ports; resolves with their number. */
export async function isolatePorts(run: Run, open: readonly string[]): Promise<number> {
  if (open.length === 0) return 0
  const input = open.map(port => `link set dev ${port} isolated on\n`).join('')
  const { code, stderr } = await run('bridge', ['-force', '-batch', '-'], { input })
  // a port may have gone meanwhile; that is no problem, and the next look finds whatever is left
  if (code !== 0 && !stderr.includes('Cannot find device')) {
    throw new SkeinError(
      'internal',
      `ports of ${gatewayBridge} are not isolated: ${stderr.trim()}; run: bridge -d link`,
    )
  }
  return open.length
}

export interface LinkWatch {
  start(): void
  stop(): Promise<void>
}

/** Restart of the listener if it ended; the regular checks cover the gap. */
const restartMs = 1_000

/** Calls `changed` when docker_gwbridge or one of its ports changed; several changes may come as one call. */
export function createLinkWatch(clock: Clock, changed: () => void): LinkWatch {
  let child: ChildProcess | undefined
  let timer: Timer | undefined
  let exited: Promise<void> = Promise.resolve()
  const start = () => {
    // setpriv: unlike a batch child it reads no input, so it would outlive a skeind that was killed
    const args = ['--pdeathsig', 'KILL', 'ip', '-o', 'monitor', 'link', 'address']
    const started = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'ignore'] })
    child = started
    let partial = ''
    started.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (partial + chunk).split('\n')
      partial = lines.pop() ?? ''
      if (lines.some(line => line.includes(gatewayBridge))) changed()
    })
    exited = new Promise(resolve => {
      const ended = () => {
        resolve()
        if (child === started) timer = clock.after(restartMs, start)
      }
      started.on('error', ended)
      started.on('close', ended)
    })
  }
  return {
    start,
    async stop() {
      timer?.cancel()
      const ending = child
      child = undefined
      ending?.kill('SIGKILL')
      await exited
    },
  }
}

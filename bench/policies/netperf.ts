/** Connections a second between two containers: connect, a byte each way, close, again and again (netperf's TCP_CRR). */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { SkeinError } from '../../src/lib/errors.ts'
import { run } from '../../src/lib/exec.ts'

/** netserver's own. */
const controlPort = 12_865

export interface Ends {
  /** Pids in the containers' network namespaces. */
  readonly client: number
  readonly server: number
  /** The server's address. */
  readonly ip: string
}

/** Listens in the namespace of a process until it is ended. */
export async function startServer({ server }: Ends): Promise<ChildProcess> {
  const child = spawn('nsenter', ['-t', String(server), '-n', 'netserver', '-D', '-4', '-p', String(controlPort)], {
    stdio: 'ignore',
  })
  await once(child, 'spawn')
  return child
}

/** Transactions a second over `seconds`. */
export async function connectionRate({ client, ip }: Ends, seconds: number): Promise<number> {
  const netperf = [
    'netperf',
    '-4',
    '-H',
    ip,
    '-p',
    String(controlPort),
    '-t',
    'TCP_CRR',
    '-l',
    String(seconds),
    '-P',
    '0',
  ]
  const argv = ['-t', String(client), '-n', ...netperf, '--', '-r', '1,1']
  const { code, stdout, stderr } = await run('nsenter', argv, { timeoutMs: (seconds + 15) * 1_000 })
  // socket sizes, request, response, seconds, then transactions a second
  const rate = Number(stdout.trim().split(/\s+/)[5])
  if (code !== 0 || !(rate > 0)) throw new SkeinError('internal', `netperf: ${code} ${stderr.trim() || stdout.trim()}`)
  return rate
}

/** `skein lab …`: the commands of the lab. */
import type { Command } from 'commander'
import { SkeinError } from '../src/lib/errors.ts'
import { demoLab } from './demo.ts'
import { downLab } from './down.ts'
import type { LabHost } from './host.ts'
import { homeOnHost, shellOnHost } from './host-files.ts'
import { openLab } from './lab.ts'
import { outside, switchName } from './plan.ts'
import { runInside } from './run-inside.ts'
import { statusTable } from './table.ts'
import { checkPrivilege, upLab } from './up.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Adds the command `lab`. Failures reach the caller as `SkeinError`; `exec` sets `process.exitCode`. */
export function registerLab(program: Command): void {
  const lab = program.command('lab').description('hosts with Docker engines and peers on this one machine')
  lab.hook('preAction', checkPrivilege)
  lab
    .command('up')
    .description('start a lab')
    .option('--hosts <n>', 'number of hosts', count, 3)
    .option('--no-peers', 'engines only')
    .action(up)
  lab.command('demo').description('start a lab and show a network across hosts, a split and a heal').action(demo)
  lab
    .command('exec')
    .description(`run a program on a host; also on '${outside.name}' and '${switchName}'`)
    .usage('HOST -- COMMAND...')
    .argument('<host>')
    .argument('<command...>')
    .showHelpAfterError('the program and its options follow --, as in: skein lab exec host1 -- ping -c 1 host2')
    .action(exec)
  lab.command('shell').description("a shell on a host, in the host's own home").argument('<host>').action(shell)
  lab.command('status').description('show hosts, engines, peers and splits').action(status)
  lab.command('down').description('remove the lab and all that it made').action(down)
  registerSplits(lab)
  registerHosts(lab)
}

function registerSplits(lab: Command): void {
  lab
    .command('split')
    .description('cut groups of hosts from each other')
    .usage('[--one-way] "1 2" "3"')
    .argument('<groups...>')
    .option('--one-way', 'only what the first group sends to the second')
    .action(async (groups: string[], options: { oneWay?: boolean }) => {
      await openLab().split(groups, options)
    })
  lab
    .command('heal')
    .description('end the split')
    .action(() => openLab().heal())
}

function registerHosts(lab: Command): void {
  lab
    .command('add-host')
    .description('add a host')
    .option('--no-peer', 'engine only')
    .option('--join-via <host>', 'whose peer invites it (default: the first that runs)')
    .action(async (options: { peer: boolean; joinVia?: string }) => {
      const via = options.joinVia === undefined ? {} : { via: options.joinVia }
      say((await openLab().addHost({ peer: options.peer, ...via })).name)
    })
  const verbs: [name: string, description: string, act: (host: LabHost) => Promise<void>][] = [
    ['start-peer', "start a host's peer", host => host.startPeer()],
    ['stop-peer', "stop a host's peer (SIGTERM)", host => host.stopPeer()],
    ['kill-peer', "kill a host's peer (SIGKILL)", host => host.killPeer()],
    ['start-engine', "start a host's engine", host => host.startEngine()],
    ['stop-engine', "stop a host's engine and containers (SIGTERM)", host => host.stopEngine()],
    ['kill-engine', "kill a host's engine (SIGKILL)", host => host.killEngine()],
  ]
  for (const [name, description, act] of verbs) {
    const command = lab.command(name).description(description).argument('<host>')
    command.action(async (host: string) => act(openLab().host(host)))
  }
}

/** `--hosts`: the plan refuses what is out of range. */
function count(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new SkeinError('usage', `'${text}' is no number of hosts; say --hosts 3`)
  return Number(text)
}

async function up(options: { hosts: number; peers: boolean }): Promise<void> {
  const start = performance.now()
  const lab = await interruptible(signal => upLab({ ...options, onProgress: say, signal }))
  say(`up in ${((performance.now() - start) / 1000).toFixed(1)} s\n`)
  say(statusTable(await lab.status()))
  say('\nnext: skein lab exec host1 -- docker run --rm alpine ping -c 1 outside.lab')
}

async function demo(): Promise<void> {
  const lab = await interruptible(signal => upLab({ hosts: 3, peers: true, onProgress: say, signal }))
  await demoLab(lab, say)
  say('\nThe lab stays up. Look around: skein lab exec host1 -- skein status. Remove it: skein lab down')
}

/** Turns Ctrl-C and SIGTERM during `work` into an abort, so that it can clean up before the program ends. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = new AbortController()
  const stop = (): void => {
    if (!interrupt.signal.aborted) process.stderr.write('removing what was made\n')
    interrupt.abort(new SkeinError('unavailable', 'interrupted; all that was made is removed'))
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)
  try {
    return await work(interrupt.signal)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

async function exec(node: string, command: string[]): Promise<void> {
  const lab = openLab()
  const name = node === outside.name || node === switchName ? node : lab.host(node).name
  process.exitCode = await runInside(name, command)
}

async function shell(name: string): Promise<void> {
  process.exitCode = await runInside(openLab().host(name).name, shellOnHost, homeOnHost)
}

async function status(): Promise<void> {
  say(statusTable(await openLab().status()))
}

async function down(): Promise<void> {
  await downLab()
}

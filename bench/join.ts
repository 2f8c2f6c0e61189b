/**
 * How long does Docker wait for the plugin when a container is attached? The calls of a container's life, spoken to the
 * socket of a real skeind as Docker would, and to a plugin that does nothing: what remains is Skein's own work.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { type LabHost, until } from '../lab/index.ts'
import { pathInNode } from '../lab/node.ts'
import { calls, type Durations, lifeOf, type Target } from './join/plugin-client.ts'
import { endChild, startChild } from './lib/child.ts'
import { createEngine } from './lib/engine.ts'
import { withLab } from './lib/lab.ts'
import type { BenchContext, Measurement, Outcome } from './lib/measurement.ts'
import { makeSkeinNetwork } from './lib/networks.ts'
import { alternate } from './lib/pairs.ts'
import { compare } from './lib/statistics.ts'

const pairs = 200
const budgetMs = 30_000
/** Lives before it counts: compiled code, a network that is up, the long-lived `ip` and `bridge` children. */
const warmUpLives = 20

export const join: Measurement = {
  name: 'join',
  title: 'one call of Docker to the plugin, from request to answer over its socket',
  ours: 'skeind',
  base: 'no-op plugin',
  limitMs: 60_000,
  async run(context) {
    const directory = mkdtempSync(joinPath(tmpdir(), 'skein-bench-'))
    const socketPath = joinPath(directory, 'no-op.sock')
    const child = startChild(new URL('join/no-op-plugin.ts', import.meta.url), [socketPath])
    try {
      const { signal } = context
      const listening = () => (existsSync(socketPath) ? true : undefined)
      await until(listening, { timeoutMs: 10_000, what: 'the no-op plugin did not listen', signal })
      return await withLab(1, context, lab => measure(lab.host('1'), socketPath, context))
    } finally {
      await endChild(child)
      rmSync(directory, { recursive: true, force: true })
    }
  },
}

async function measure(host: LabHost, noOpSocket: string, { signal, progress }: BenchContext): Promise<Outcome> {
  const engine = createEngine(host)
  const network = await makeSkeinNetwork([engine], signal)
  const { Id, Options } = (await engine.call('GET', `/networks/${network.name}`)) as {
    Id: string
    Options: Record<string, string>
  }
  const socketPath = pathInNode(host.name, '/run/docker/plugins/mesh.sock')
  const skeind: Target = { socketPath, networkId: Id, poolId: Options['skein.id'] ?? '' }
  const noOp: Target = { ...skeind, socketPath: noOpSocket }
  for (let life = 0; life < warmUpLives; life++) for (const target of [skeind, noOp]) await lifeOf(target)
  progress(`${pairs} pairs`)
  const options = { pairs, budgetMs, signal }
  const { ours, base } = await alternate(
    () => lifeOf(skeind),
    () => lifeOf(noOp),
    options,
  )
  return outcome(ours, base)
}

function outcome(ours: readonly Durations[], base: readonly Durations[]): Outcome {
  const row = (what: string, read: (durations: Durations) => number) =>
    compare(what, 'ms', ours.map(read), base.map(read))
  const whole = (durations: Durations) => calls.reduce((sum, call) => sum + durations[call], 0)
  const others = calls.filter(call => call !== 'Join').map(call => row(call, durations => durations[call]))
  return {
    rows: [row('Join', durations => durations.Join), row('the whole life, six calls', whole), ...others],
    notes: [
      'a peer alone on one host, a network that is up; both sides seen from one client, a connection per call',
      'Leave waits for the kernel to remove a veth pair (perf.md 3b: 16 to 21 ms)',
    ],
  }
}

/** How long a rule takes to act on a flow that stands: datagrams every millisecond, and when the last was answered. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { LabHost } from '../../lab/index.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import type { Ends } from './netperf.ts'
import { changeRule, nowMs } from './objects.ts'

const program = fileURLToPath(new URL('echo.mjs', import.meta.url))
const port = 7_000
const limitMs = 10_000
/** After so long without an answer the flow is cut. */
const silentMs = 100

export interface Flow {
  /** When the last answer came, ms since the epoch; 0 for never. */
  lastAnswer(): Promise<number>
  stop(): void
}

/** Between the two containers. */
export async function startFlow({ client, server, ip }: Ends): Promise<Flow> {
  const [echo] = await start(server, 'serve', String(port))
  const [asker, lines] = await start(client, 'ask', ip, String(port))
  return {
    async lastAnswer() {
      asker.stdin?.write('\n')
      return Number((await lines.next()).value)
    },
    stop() {
      echo.kill('SIGKILL')
      asker.kill('SIGKILL')
    },
  }
}

async function start(pid: number, ...args: string[]): Promise<[ChildProcess, AsyncIterator<string>]> {
  const argv = ['-t', String(pid), '-n', process.execPath, program, ...args]
  const child = spawn('nsenter', argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  await lines.next()
  return [child, lines]
}

export interface Effect {
  /** From the call until the last packet that passed. */
  readonly fromCall: number
  /** The same from the call's answer: the rule was durable a little before it. */
  readonly fromAnswer: number
  /** From the call that removes the rule until the flow is back. */
  readonly back: number
}

/** Denies the flows by one rule, and takes the rule away again; what came of each. */
export async function measureEffect(host: LabHost, flows: readonly Flow[], id: string): Promise<Effect[]> {
  const each = (test: (flow: Flow) => Promise<boolean>) => async () =>
    (await Promise.all(flows.map(test))).every(Boolean)
  await until(
    each(async flow => nowMs() - (await flow.lastAnswer()) < 10),
    'the flows do not stand',
  )
  // at any moment, and not always while the host still follows the last change
  await delay(300 + 1_000 * Math.random())
  const rule = { direction: 'in', protocol: 'udp', port, action: 'deny', priority: 100 }
  const { asked, answered } = await changeRule(host, id, rule)
  await until(
    each(async flow => nowMs() - (await flow.lastAnswer()) > silentMs),
    'the flows are not cut',
  )
  const last = await Promise.all(flows.map(flow => flow.lastAnswer()))
  const removed = await changeRule(host, id, undefined)
  const back = await Promise.all(
    flows.map(async flow => {
      await until(async () => (await flow.lastAnswer()) > removed.asked, 'a flow does not come back', 1)
      return (await flow.lastAnswer()) - removed.asked
    }),
  )
  return last.map((at, n) => ({ fromCall: at - asked, fromAnswer: at - answered, back: back[n] ?? 0 }))
}

async function until(test: () => Promise<boolean>, what: string, everyMs = 5): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await test())) {
    if (performance.now() > end)
      throw new SkeinError('timeout', `${what} within ${limitMs / 1000} s; see the peer's log`)
    await delay(everyMs)
  }
}

/** Flows that stand while rules change, with a number in each packet, and what became of them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { eventually } from '../../support/eventually.ts'
import type { Host } from '../datapath/lab.ts'
import type { Stream, Talker } from './talker.ts'

export interface Flow extends Stream {
  readonly name: string
}

export interface Speaker {
  readonly host: Host
  readonly name: string
  readonly talker: Talker
  readonly ip: string
  readonly ip6: string
}

export type Kind = 'udp' | 'icmp'
export const kinds = ['udp', 'icmp'] as const

const everyMs = 20
/** Answers may be on their way so long, ms. */
const lateMs = 300
/** How long a flow that is denied may go on after the commit, on a machine however busy; how long it does on a quiet one is in bench/. */
const cutWithinMs = 1_000

/** By IPv4 and by IPv6. */
export async function begin(kind: Kind, from: Speaker, to: Speaker): Promise<Flow[]> {
  return Promise.all(
    [to.ip, to.ip6].map(async ip => {
      const stream = kind === 'udp' ? await from.talker.stream(ip, 8888, everyMs) : await pinging(from, ip)
      return { name: `${kind} ${from.name} -> ${ip}`, ...stream }
    }),
  )
}

/** Echo requests with one identifier: one flow of connection tracking. */
async function pinging({ host, name }: Speaker, ip: string): Promise<Stream> {
  const child = host.spawn('ip', 'netns', 'exec', name, 'ping', '-n', '-D', '-i', `${everyMs / 1000}`, ip)
  let text = ''
  child.stdout?.on('data', chunk => {
    text += chunk
  })
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  const answers = () => [...text.matchAll(/^\[(\d+\.\d+)\] .*icmp_seq=(\d+) .*time=/gm)]
  return {
    answered: async () => answers().length,
    async stop() {
      const closed = once(child, 'close')
      child.kill('SIGINT')
      await closed
      const back = new Set(answers().map(([, , number]) => Number(number) - 1))
      const sent = Number(/^(\d+) packets transmitted/m.exec(text)?.[1]) - lateMs / everyMs
      const lost = Array.from({ length: sent }, (_, n) => n).filter(n => !back.has(n))
      return { sent, lost, lastMs: Number(answers().at(-1)?.[1] ?? 0) * 1000 }
    },
  }
}

/** Waits until so many packets more of each have come back. */
async function goOn(flows: readonly Flow[], count: number): Promise<void> {
  const before = await Promise.all(flows.map(flow => flow.answered()))
  for (const [at, flow] of flows.entries()) {
    const wanted = (before[at] ?? 0) + count
    await eventually(async () => assert.ok((await flow.answered()) >= wanted, `${flow.name} goes on`), 10_000, 50)
  }
}

/** Both stand; then comes the change, which resolves when it is committed: it cuts the ones soon and for good, and costs the others no packet. */
export async function assertCut(
  doomed: readonly Flow[],
  kept: readonly Flow[],
  change: () => Promise<unknown>,
): Promise<void> {
  await goOn([...doomed, ...kept], 20)
  await change()
  const committedMs = Date.now()
  // for as long as these need for so many packets the others are watched
  await goOn(kept, (cutWithinMs + 500) / everyMs)
  const [cut, whole] = await Promise.all([doomed, kept].map(flows => Promise.all(flows.map(flow => flow.stop()))))
  for (const [at, { sent, lost, lastMs }] of (cut ?? []).entries()) {
    const name = doomed[at]?.name
    const first = lost[0] ?? sent
    assert.ok(first >= 10, `${name} did not stand: number ${first} of ${sent} was lost`)
    assert.ok(sent - first >= 10, `${name} went on`)
    assert.equal(lost.length, sent - first, `${name} was not cut for good: ${lost}`)
    assert.ok(lastMs <= committedMs + cutWithinMs, `${name} was cut ${lastMs - committedMs} ms after the commit`)
  }
  for (const [at, { sent, lost }] of (whole ?? []).entries()) {
    assert.ok(sent >= 50, `${kept[at]?.name}: ${sent} sent`)
    assert.deepEqual(lost, [], `${kept[at]?.name}, of ${sent}`)
  }
}

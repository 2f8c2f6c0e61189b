/** A `docker run` that does not work: what Docker says of it, and after how long. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'

export interface Refusal {
  text: string
  ms: number
}

/** `docker run -d --net NETWORK ARGS alpine`, which has to be refused. */
export async function refusedRun(host: LabHost, network: string, ...args: string[]): Promise<Refusal> {
  const argv = ['docker', 'run', '-d', '--net', network, ...args, 'alpine', 'sleep', '1000']
  const begunMs = performance.now()
  const { code, stderr } = await host.exec(argv, { timeoutMs: 30_000 })
  const ms = performance.now() - begunMs
  assert.notEqual(code, 0, `${host.name}: docker run ${args.join(' ')} works`)
  return { text: stderr.trim(), ms }
}

/**
 * Asks until an answer is as `last` says: all of them in turn. Right after a split a peer still counts as connected, and the texts differ until its
 * connection is given up; an `eventually` would keep the answers before that one from being looked at.
 */
export async function refusalsUntil(last: RegExp, ask: () => Promise<Refusal>, timeoutMs = 20_000): Promise<Refusal[]> {
  const all: Refusal[] = []
  const untilMs = performance.now() + timeoutMs
  for (;;) {
    const refusal = await ask()
    all.push(refusal)
    if (last.test(refusal.text)) return all
    assert.ok(performance.now() < untilMs, `within ${timeoutMs} ms: ${last}: ${refusal.text}`)
  }
}

/** None took longer than `limitMs`, the first one neither, and each one says what it has to. */
export function assertPrompt(refusals: readonly Refusal[], limitMs: number, says: RegExp): void {
  for (const [i, { text, ms }] of refusals.entries()) {
    assert.match(text, says, `answer ${i + 1}`)
    assert.ok(ms < limitMs, `answer ${i + 1} took ${Math.round(ms)} ms: ${text}`)
  }
}

/** Who calls published ports from outside of the containers. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabHost } from '../../../lab/index.ts'
import type { LabNode } from '../../../lab/node.ts'
import { docker } from './docker.ts'
import { eventually } from './eventually.ts'

export interface Call {
  readonly from: LabNode
  readonly address: string
  readonly port: number
  /** Sent once connected. @default nothing */
  readonly question?: string
}

/**
 * Connects to a service that speaks ten times a second, and stays; resolves once that was silent for a second, or never spoke in
 * three, with how many times it had spoken.
 */
export async function untilSilent(call: Call): Promise<number> {
  return Number(await runScript(call, silenceScript))
}

/**
 * What was said to each of these calls, made again and again while the container starts three times anew, and while its host's peer is
 * killed and started; '' for nothing.
 *
 * @param check holds whenever the container runs, whether the peer does or not
 */
export function heardThroughRestarts(
  calls: readonly Call[],
  host: LabHost,
  container: string,
  check: () => Promise<void>,
): Promise<string[]> {
  return heardDuring(calls, async () => {
    for (let n = 0; n < 3; n++) {
      await docker(host, 'restart', '-t', '1', container)
      await eventually(check)
    }
    await host.killPeer()
    await check()
    await host.startPeer()
  })
}

/** Connects again and again while `work` goes on; what was said to each call, '' for nothing. */
async function heardDuring(calls: readonly Call[], work: () => Promise<void>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-callers-'))
  const end = join(folder, 'end')
  const heard = calls.map(call => runScript(call, againScript, end))
  try {
    await work()
  } finally {
    await writeFile(end, '')
    await Promise.allSettled(heard)
    await rm(folder, { recursive: true })
  }
  return Promise.all(heard)
}

async function runScript({ from, address, port, question = '' }: Call, script: string, end = ''): Promise<string> {
  const argv = [process.execPath, '-e', script, address, String(port), question, end]
  const { code, stdout, stderr } = await from.exec(argv, { timeoutMs: 80_000 })
  assert.equal(code, 0, `${from.name} calls [${address}]:${port}: ${stderr}`)
  return stdout
}

const silenceScript = `
const [address, port, question] = process.argv.slice(1)
let heard = 0
const done = () => { console.log(heard); process.exit(0) }
const socket = require('node:net').connect(Number(port), address)
socket.setTimeout(3000, done)
socket.on('error', done)
socket.on('data', () => { heard++; socket.setTimeout(1000) })
if (question !== '') socket.write(question)`

const againScript = `
const [address, port, question, end] = process.argv.slice(1)
setInterval(() => {
  if (require('node:fs').existsSync(end)) process.exit(0)
  const socket = require('node:net').connect(Number(port), address)
  socket.on('error', () => undefined)
  if (question !== '') socket.write(question)
  socket.on('data', text => process.stdout.write(text))
  setTimeout(() => socket.destroy(), 500)
}, 10)`

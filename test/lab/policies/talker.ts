/** A program in a container's namespace that talks to others, for the tests of what passes. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../../lab/plan.ts'
import { patience } from '../../../lab/wait.ts'
import type { Host } from '../datapath/lab.ts'

/** Also where this is a part of a bundle. */
const program = join(packageRoot(), 'test/lab/policies/talker.mjs')

/** What talkers serve. */
export const ports = [8888, 8889, 8890]

/** A denied packet is dropped, so a denial shows as silence for so long, ms. */
const silenceMs = 300

export interface Streamed {
  readonly sent: number
  /** Numbers of those that did not come back; the first is 0. */
  readonly lost: readonly number[]
  /** By the machine's clock: when the last came back; 0 if none did. */
  readonly lastMs: number
}

/** Numbered packets that are sent one after the other. */
export interface Stream {
  /** How many came back so far. */
  answered(): Promise<number>
  /** Sends no more, and says which did not come back. */
  stop(): Promise<Streamed>
}

export interface Talker {
  readonly ip: string
  /** True: it came about; false: silence; else the error's code, `refused` for a refusal by the other end. */
  tries(protocol: 'tcp' | 'udp', to: string, port: number, limitMs?: number, bytes?: number): Promise<boolean | string>
  /** The name of who answers over UDP; false: silence. */
  who(to: string, port: number, limitMs?: number): Promise<string | false>
  /** Opens a connection that stays. */
  open(to: string, port: number): Promise<number>
  /** Whether what is said over it comes back. */
  say(connection: number, limitMs?: number): Promise<boolean>
  /** Of datagrams; `fresh`: each from a port of its own. */
  stream(to: string, port: number, everyMs: number, fresh?: 'fresh'): Promise<Stream>
  stop(): Promise<void>
}

/** Starts it in a named network namespace of the host. */
export function startTalker(host: Host, namespace: string, ip: string, ports: readonly number[]): Promise<Talker> {
  return talkerOf(host.spawn('ip', 'netns', 'exec', namespace, ...talkerCommand(namespace, ports)), namespace, ip)
}

/** What runs it under this name, serving these ports. */
export function talkerCommand(name: string, ports: readonly number[]): string[] {
  return [process.execPath, program, name, ...ports.map(String)]
}

/** The talker that this process is, once it is ready. Its input and output are pipes. */
export async function talkerOf(child: ChildProcess, name: string, ip: string): Promise<Talker> {
  const waiting = new Map<number, (value: unknown) => void>()
  const ready = new Promise(resolve => waiting.set(0, resolve))
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', line => {
    const { id, value } = JSON.parse(line)
    waiting.get(id)?.(value)
    waiting.delete(id)
  })
  await ready
  let last = 0
  const ask = (order: string, ...args: unknown[]): Promise<unknown> => {
    const id = ++last
    return new Promise(resolve => {
      waiting.set(id, resolve)
      child.stdin?.write(`${JSON.stringify({ id, order, args })}\n`)
    })
  }
  return {
    ip,
    tries: (protocol, to, port, limitMs = silenceMs, bytes = 1) =>
      ask(protocol, to, port, limitMs, bytes) as Promise<boolean | string>,
    who: (to, port, limitMs = silenceMs) => ask('who', to, port, limitMs) as Promise<string | false>,
    async open(to, port) {
      const connection = await ask('open', to, port, 2_000 * patience)
      if (typeof connection !== 'number') throw new Error(`${name} cannot connect to ${to} ${port}`)
      return connection
    },
    say: (connection, limitMs = silenceMs) => ask('say', connection, limitMs) as Promise<boolean>,
    async stream(to, port, everyMs, fresh) {
      const stream = await ask('stream', to, port, everyMs, fresh)
      return {
        answered: () => ask('answered', stream) as Promise<number>,
        stop: () => ask('stop', stream) as Promise<Streamed>,
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.stdin?.end()
      await once(child, 'exit')
    },
  }
}

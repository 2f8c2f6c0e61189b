/** Programs in the network namespaces of real containers, and outside, that talk by IPv4 and IPv6. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { holderOf } from '../../../lab/node.ts'
import { outside } from '../../../lab/plan.ts'
import { patience } from '../../../lab/wait.ts'
import type { DualContainer } from '../ipv6/scene.ts'
import { ports, type Talker, talkerCommand, talkerOf } from '../policies/talker.ts'
import { docker } from '../support/index.ts'

export interface Speaker extends Talker {
  readonly name: string
  readonly ip6: string
}

/** Serves the ports 8888 to 8890 in the container, until it is stopped. */
export async function speakIn({ host, id, name, ip, ip6 }: DualContainer): Promise<Speaker> {
  const pid = await docker(host, 'inspect', '-f', '{{.State.Pid}}', id)
  return speakAt(pid, { name, ip, ip6 })
}

/** One that is no container's. */
export async function speakOutside(): Promise<Speaker> {
  const { name, address } = outside
  return speakAt(holderOf(name).pid, { name, ip: address, ip6: '' })
}

/** In the network namespace of that process. */
export async function speakAt(
  pid: number | string,
  who: { readonly name: string; readonly ip: string; readonly ip6: string },
): Promise<Speaker> {
  const child = spawn('nsenter', ['-t', String(pid), '-n', ...talkerCommand(who.name, ports)])
  return { ...(await talkerOf(child, who.name, who.ip)), ...who }
}

/** Exactly these of the ports open, by both families. */
export async function assertOpen(from: Speaker, to: Speaker, expected: readonly number[]): Promise<void> {
  const addresses = [to.ip, to.ip6]
  const open = await Promise.all(addresses.map(ip => openOf(from, ip, ports, expected)))
  for (const [at, ip] of addresses.entries()) assert.deepEqual(open[at], expected, `${from.name} -> ${to.name}, ${ip}`)
}

/** Which of the ports open. An answer that is due may take longer than silence does, on a busy machine. */
export async function openOf(
  from: Talker,
  ip: string,
  asked: readonly number[],
  due: readonly number[],
): Promise<number[]> {
  const limitMs = (port: number) => (due.includes(port) ? 2_000 : 300) * patience
  const tries = await Promise.all(asked.map(port => from.tries('tcp', ip, port, limitMs(port))))
  return asked.filter((_, at) => tries[at] === true)
}

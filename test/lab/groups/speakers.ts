/** Programs in the network namespaces of real containers, and outside, that talk by IPv4 and IPv6. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { holderOf } from '../../../lab/node.ts'
import { outside } from '../../../lab/plan.ts'
import type { DualContainer } from '../ipv6/scene.ts'
import { ports } from '../policies/scene.ts'
import { type Talker, talkerCommand, talkerOf } from '../policies/talker.ts'
import { docker } from '../support/index.ts'

export interface Speaker extends Talker {
  readonly name: string
  readonly ip6: string
}

/** Serves the ports 8888 to 8890 in the container, until it is stopped. */
export async function speakIn({ host, id, name, ip, ip6 }: DualContainer): Promise<Speaker> {
  const pid = await docker(host, 'inspect', '-f', '{{.State.Pid}}', id)
  return { ...(await speakAt(pid, name, ip)), name, ip6 }
}

/** One that is no container's. */
export async function speakOutside(): Promise<Speaker> {
  const { name, address } = outside
  return { ...(await speakAt(String(holderOf(name).pid), name, address)), name, ip6: '' }
}

function speakAt(pid: string, name: string, ip: string): Promise<Talker> {
  return talkerOf(spawn('nsenter', ['-t', pid, '-n', ...talkerCommand(name, ports)]), name, ip)
}

/** Exactly these of the ports open, by both families. */
export async function assertOpen(from: Speaker, to: Speaker, expected: readonly number[]): Promise<void> {
  for (const ip of [to.ip, to.ip6]) {
    assert.deepEqual(await openOf(from, ip, ports, expected), expected, `${from.name} -> ${to.name}, ${ip}`)
  }
}

/** Which of the ports open. An answer that is due may take longer than silence does, on a busy machine. */
export async function openOf(
  from: Talker,
  ip: string,
  asked: readonly number[],
  due: readonly number[],
): Promise<number[]> {
  const limitMs = (port: number) => (due.includes(port) ? 2_000 : 300)
  const tries = await Promise.all(asked.map(port => from.tries('tcp', ip, port, limitMs(port))))
  return asked.filter((_, at) => tries[at] === true)
}

/** Which ports of a container open to another. */
import assert from 'node:assert/strict'
import type { Container } from '../support/index.ts'

const ports = [8888, 8889, 8890]

/** Listens on all of them, for as many connections as come. */
export async function listen(on: Container): Promise<void> {
  for (const port of ports) await on.exec('sh', '-c', `nc -ll -p ${port} -e true >/dev/null 2>&1 &`)
}

/** These of the ports open, and the others time out. */
export async function assertPorts(from: Container, to: Container, open: readonly number[]): Promise<void> {
  const tries = await Promise.all(ports.map(port => opens(from, to.ip, port)))
  assert.deepEqual(
    ports.filter((_, at) => tries[at]),
    open,
    `${from.name} -> ${to.name}`,
  )
}

async function opens(from: Container, ip: string, port: number): Promise<boolean> {
  const { code } = await from.host.exec(['docker', 'exec', from.id, 'sh', '-c', `nc -w 1 ${ip} ${port} </dev/null`])
  return code === 0
}

/** Containers with IPv4 and IPv6. */
import assert from 'node:assert/strict'
import type { Lab, LabHost } from '../../../lab/index.ts'
import { type Container, inspect, type RunContainerOptions, runContainer, useLab } from '../support/index.ts'
import { type PingResult, parsePing } from '../support/ping.ts'

/** A lab of two hosts of its own, for the suite that calls it. */
export function useTwoHosts(): { lab(): Lab; hosts(): [LabHost, LabHost] } {
  const lab = useLab({ own: true, hosts: 2 })
  const hosts = (): [LabHost, LabHost] => {
    const [one, two] = lab().hosts()
    assert.ok(one && two)
    return [one, two]
  }
  return { lab, hosts }
}

export interface DualContainer extends Container {
  /** On the network that it was run on, as Docker says. */
  ip6: string
}

/** A container, with what Docker says of its IPv6 address. */
export async function runDual(
  host: LabHost,
  network: string,
  name: string,
  options: RunContainerOptions = {},
): Promise<DualContainer> {
  const container = await runContainer(host, network, name, options)
  const { NetworkSettings } = await inspect(host, 'container', container.id)
  return { ...container, ip6: NetworkSettings?.Networks[network]?.GlobalIPv6Address ?? '' }
}

/** A process 1 that serves this word by HTTP over IPv6: busybox's `nc` listens to IPv4 alone. */
export const serves6 = (word: string) => [
  'sh',
  '-c',
  `trap exit TERM; echo ${word} > /tmp/index.html; httpd -p [::]:80 -h /tmp; while :; do sleep 1; done`,
]

/** What it serves. */
export function read6(from: Container, address: string): Promise<string> {
  return from.exec('wget', '-T', '2', '-qO', '-', `http://[${address}]/`)
}

/** Pings by IPv6 from inside a container. */
export async function ping6(from: Container, address: string, count = 3): Promise<PingResult> {
  const argv = ['docker', 'exec', from.id, 'ping', '-6', '-c', String(count), '-i', '0.1', '-W', '1', address]
  const { stdout, stderr } = await from.host.exec(argv, { timeoutMs: 20_000 + count * 200 })
  assert.match(stdout, /packets transmitted/, `${from.name} pings ${address}: ${stderr}`)
  return parsePing(stdout)
}

/** Every packet is answered. */
export async function assertReaches6(from: Container, address: string): Promise<void> {
  const { sent, lost } = await ping6(from, address)
  assert.deepEqual(lost, [], `${from.name} reaches ${address}: of ${sent}`)
}

/** What Docker says to a command that it refuses, in one line. */
export async function refusal(host: LabHost, ...args: string[]): Promise<string> {
  const { code, stderr } = await host.exec(['docker', ...args], { timeoutMs: 30_000 })
  assert.notEqual(code, 0, `docker ${args.join(' ')}`)
  return stderr.trim().replaceAll('\n', ' ')
}

/** `docker network create` with Skein as both drivers. */
export const born = ['network', 'create', '-d', 'mesh', '--ipam-driver', 'mesh']

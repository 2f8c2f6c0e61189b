/** Docker on the lab's hosts. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { eventually } from './eventually.ts'

/** `docker ARGS` on the host; what it prints, trimmed. Fails with what Docker said. */
export async function docker(host: LabHost, ...args: string[]): Promise<string> {
  const result = await host.exec(['docker', ...args], { timeoutMs: 60_000 })
  assert.equal(result.code, 0, `${host.name}: docker ${args.join(' ')}: ${result.stderr.trim()}`)
  return result.stdout.trim()
}

/** `docker inspect` of one object. */
export async function inspect(host: LabHost, type: 'container' | 'network', name: string): Promise<Inspected> {
  const [object] = JSON.parse(await docker(host, type, 'inspect', name)) as Inspected[]
  assert.ok(object, `${host.name}: ${type} ${name} is there`)
  return object
}

/** The parts of Docker's answers that tests read. */
export interface Inspected {
  Id: string
  Name: string
  Driver?: string
  EnableIPv6?: boolean
  Options?: Record<string, string>
  Labels?: Record<string, string>
  IPAM?: { Driver: string; Options: Record<string, string> | null; Config: { Subnet: string; Gateway?: string }[] }
  Containers?: Record<
    string,
    { Name: string; IPv4Address: string; IPv6Address: string; MacAddress: string; EndpointID: string }
  >
  NetworkSettings?: {
    Networks: Record<
      string,
      { IPAddress: string; GlobalIPv6Address: string; MacAddress: string; EndpointID: string; NetworkID: string }
    >
  }
}

export interface Container {
  host: LabHost
  name: string
  id: string
  /** On the network that it was run on. */
  ip: string
  mac: string
  /** Runs a program in it; what it prints, trimmed; fails if the program does. */
  exec(...argv: string[]): Promise<string>
}

export interface RunContainerOptions {
  /** Further arguments of `docker run`. */
  args?: readonly string[]
  /** @default idles for a day */
  command?: readonly string[]
}

/** A process 1 that heeds SIGTERM, as `sleep` would not: each stop, and each start of a killed engine, would wait 10 s. */
export const idle = ['sh', '-c', 'trap exit TERM; sleep 86400 & wait']

/** `docker run -d --name NAME --net NETWORK alpine`. */
export async function runContainer(
  host: LabHost,
  network: string,
  name: string,
  options: RunContainerOptions = {},
): Promise<Container> {
  const command = options.command ?? idle
  const flags = ['-d', '--name', name, '--net', network, ...(options.args ?? [])]
  const id = await docker(host, 'run', ...flags, 'alpine', ...command)
  const { NetworkSettings } = await inspect(host, 'container', id)
  const attached = NetworkSettings?.Networks[network]
  assert.ok(attached, `${name} is on ${network}`)
  const exec = (...argv: string[]) => docker(host, 'exec', id, ...argv)
  return { host, name, id, ip: attached.IPAddress, mac: attached.MacAddress, exec }
}

/** `docker rm -f`. */
export async function removeContainers(host: LabHost, ...names: string[]): Promise<void> {
  if (names.length > 0) await docker(host, 'rm', '-f', ...names)
}

/** Names of the networks of Skein's driver that the engine shows, sorted. */
export async function meshNetworks(host: LabHost): Promise<string[]> {
  const names = await docker(host, 'network', 'ls', '--filter', 'driver=mesh', '--format', '{{.Name}}')
  return names.split('\n').filter(Boolean).sort()
}

/** Waits until each of these hosts' Docker shows them. */
export async function networksAppear(hosts: readonly LabHost[], ...names: string[]): Promise<void> {
  await eventually(async () => {
    for (const host of hosts) {
      const shown = await meshNetworks(host)
      for (const name of names) assert.ok(shown.includes(name), `${host.name} shows ${name}`)
    }
  })
}

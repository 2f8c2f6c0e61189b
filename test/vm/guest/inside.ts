/**
 * Containers and engines, asked without Docker's command line: on an emulated machine each start of that takes a second
 * or two.
 */
import assert from 'node:assert/strict'
import { ask, type LabHost } from '../../../lab/index.ts'
import { docker, runContainer } from '../../lab/support/index.ts'

export interface Inside {
  readonly host: LabHost
  readonly name: string
  /** Of its first process, which its network namespace is found by. */
  readonly pid: number
  /** On a network of the host's Docker. */
  address(network: string): Promise<string>
  /** The IPv6 one. */
  address6(network: string): Promise<string>
  mac(network: string): Promise<string>
  /** Runs a program of the host in the container's network. */
  exec(...argv: string[]): Promise<{ code: number; stdout: string }>
}

interface Attached {
  IPAddress: string
  GlobalIPv6Address: string
  MacAddress: string
}

interface ContainerJson {
  State: { Pid: number }
  NetworkSettings: { Networks: Record<string, Attached | undefined> }
}

/** `docker run`, as a user types it; `options` stand before the image. */
export async function startInside(host: LabHost, network: string, name: string, ...options: string[]): Promise<Inside> {
  await runContainer(host, network, name, { args: options })
  return lookInside(host, name)
}

/** A container that runs. */
export async function lookInside(host: LabHost, name: string): Promise<Inside> {
  const look = () => engine<ContainerJson>(host, `/containers/${name}/json`)
  const pid = (await look()).State.Pid
  const attached = async (to: string): Promise<Attached> => {
    const found = (await look()).NetworkSettings.Networks[to]
    assert.ok(found, `${name} is on ${to}`)
    return found
  }
  return {
    host,
    name,
    pid,
    address: async to => (await attached(to)).IPAddress,
    address6: async to => (await attached(to)).GlobalIPv6Address,
    mac: async to => (await attached(to)).MacAddress,
    exec: (...argv) => host.exec(['nsenter', '-t', String(pid), '-n', ...argv], { timeoutMs: 30_000 }),
  }
}

/** `docker network connect`; the address there. */
export async function connect(to: string, container: Inside): Promise<string> {
  await docker(container.host, 'network', 'connect', to, container.name)
  return container.address(to)
}

/** Names of the networks of Skein's driver that the host's Docker has. */
export async function networksOf(host: LabHost): Promise<string[]> {
  const filters = encodeURIComponent(JSON.stringify({ driver: ['mesh'] }))
  return (await engine<{ Name: string }[]>(host, `/networks?filters=${filters}`)).map(({ Name }) => Name)
}

async function engine<T>(host: LabHost, path: string): Promise<T> {
  const { status, text } = await ask(host.engineSocket, 'GET', path)
  assert.equal(status, 200, `${host.name}: ${path}: ${text}`)
  return JSON.parse(text) as T
}

/** Containers, and programs of the host in their networks. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { eventually, idle } from '../../lab/support/index.ts'
import { engine } from './engine.ts'
import { patience } from './patience.ts'

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

export interface StartOptions {
  /** @default whichever is free */
  readonly ip?: string
  /** TCP ports of the host, by the container's. */
  readonly publish?: Readonly<Record<number, number>>
}

/** What `docker run -d --net NETWORK --name NAME [--ip IP] [-p …] alpine` asks of the engine. */
export async function startInside(
  host: LabHost,
  network: string,
  name: string,
  { ip, publish = {} }: StartOptions = {},
): Promise<Inside> {
  const ports = Object.entries(publish).map(([port, at]) => [`${port}/tcp`, [{ HostPort: String(at) }]] as const)
  await engine(host, 'POST', `/containers/create?name=${name}`, {
    Image: 'alpine',
    Cmd: idle,
    ExposedPorts: Object.fromEntries(ports.map(([port]) => [port, {}])),
    HostConfig: { NetworkMode: network, PortBindings: Object.fromEntries(ports) },
    NetworkingConfig: { EndpointsConfig: { [network]: ip === undefined ? {} : { IPAMConfig: { IPv4Address: ip } } } },
  })
  // a peer that has just started may be too slow here for those who ask it for an address; they are told so, and try again
  await eventually(() => engine(host, 'POST', `/containers/${name}/start`), patience)
  return lookInside(host, name)
}

/** A container that runs. */
export async function lookInside(host: LabHost, name: string): Promise<Inside> {
  const look = () => engine<ContainerJson>(host, 'GET', `/containers/${name}/json`)
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
    exec: (...argv) => host.exec(['nsenter', '-t', String(pid), '-n', ...argv], { timeoutMs: patience.timeoutMs }),
  }
}

/** `docker network connect`; the address there. It too may be told to try again. */
export async function connect(to: string, container: Inside): Promise<string> {
  const path = `/networks/${encodeURIComponent(to)}/connect`
  await eventually(() => engine(container.host, 'POST', path, { Container: container.name }), patience)
  return container.address(to)
}

/** `docker network disconnect`. */
export async function disconnect(from: string, { host, name }: Inside): Promise<void> {
  await engine(host, 'POST', `/networks/${encodeURIComponent(from)}/disconnect`, { Container: name })
}

/** `docker rm -f`. */
export async function removeInside({ host, name }: Inside): Promise<void> {
  await engine(host, 'DELETE', `/containers/${name}?force=1`)
}

/** IPv4 addresses that Docker's resolver has there for a name, in the order of its answer. */
export async function addressesFor(from: Inside, name: string): Promise<string[]> {
  const { stdout } = await from.exec('busybox', 'nslookup', name, '127.0.0.11')
  return [...stdout.matchAll(/^Address: (\d+\.\d+\.\d+\.\d+)$/gm)].map(([, address = '']) => address)
}

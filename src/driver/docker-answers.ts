/** What Docker's answers, events and errors say, and its own form of what we ask it to create. */
import type Docker from 'dockerode'
import { errorText } from '../lib/errors.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import { formatIp6, parseIp6 } from '../model/ip6.ts'
import {
  DockerAway,
  type DockerContainer,
  type DockerEndpoint,
  type DockerEvent,
  type DockerMember,
  type DockerNetwork,
  type DockerNetworkInside,
  type DockerNetworkRequest,
  DockerRefusal,
  type FailedStart,
} from './ports.ts'

export function statusOf(error: unknown): number | undefined {
  return error instanceof DockerRefusal ? error.status : undefined
}

/** dockerode puts the status and Docker's own words on the error; without a status there was no answer. */
export function refusalOf(error: unknown): Error {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') {
    return new DockerAway(`Docker does not answer: ${errorText(error)}`, { cause: error })
  }
  const json: unknown = 'json' in error ? error.json : undefined
  const message = typeof json === 'object' && json !== null && 'message' in json ? json.message : error.message
  return new DockerRefusal(error.statusCode, String(message))
}

/** One line of the stream; what cannot be read is news all the same. */
export function eventOf(line: string): DockerEvent {
  try {
    const event: unknown = JSON.parse(line)
    if (typeof event === 'object' && event !== null && 'Type' in event && 'Action' in event) {
      return { type: String(event.Type), action: String(event.Action) }
    }
  } catch {
    // half a line of a stream that broke: its end is noticed by itself
  }
  return { type: '', action: '' }
}

export function networkOf(info: Docker.NetworkInspectInfo): DockerNetwork {
  const pools = info.IPAM?.Config ?? []
  const pool = pools.find(({ Subnet = '' }) => !isIp6(Subnet))
  const pool6 = info.EnableIPv6 ? pools.find(({ Subnet = '' }) => isIp6(Subnet)) : undefined
  return {
    id: info.Id,
    name: info.Name,
    driver: info.Driver,
    labels: info.Labels ?? {},
    options: info.Options ?? {},
    subnet: pool?.Subnet ?? '',
    gateway: pool?.Gateway ?? '',
    subnet6: canonical(pool6?.Subnet ?? ''),
    gateway6: canonical(pool6?.Gateway ?? ''),
    internal: info.Internal ?? false,
  }
}

const isIp6 = (text: string) => text.includes(':')

/** Docker shows addresses and prefixes as the user wrote them. */
function canonical(text: string): string {
  const [address = '', length] = text.split('/')
  const ip = parseIp6(address)
  return ip === undefined ? '' : [formatIp6(ip), ...(length === undefined ? [] : [length])].join('/')
}

export function insideOf(network: Docker.NetworkInspectInfo): DockerNetworkInside {
  return {
    gateway: gatewayOf(network.IPAM?.Config ?? []),
    endpoints: Object.entries(network.Containers ?? {}).map(([container, { EndpointID, IPv4Address, IPv6Address }]) => {
      const addresses = [IPv4Address, IPv6Address].map(text => text.split('/')[0] ?? '').filter(text => text !== '')
      return { container, endpointId: EndpointID, addresses }
    }),
  }
}

/**
 * Its IPv4 gateway; '' if it has none. Of a subnet that it was told Docker says the gateway only if it was told that too (26.1.5):
 * it has taken the first address that it may give.
 */
function gatewayOf(config: NonNullable<Docker.IPAM['Config']>): string {
  const { Subnet = '', IPRange = '', Gateway = '' } = config.find(({ Subnet = '' }) => !Subnet.includes(':')) ?? {}
  if (Gateway !== '' || Subnet === '') return Gateway
  const [base, first] = [Subnet, IPRange || Subnet].map(text => parseIp(text.split('/')[0] ?? ''))
  return base === undefined || first === undefined ? '' : formatIp(first === base ? first + 1 : first)
}

export function idsOf(network: Docker.NetworkInspectInfo): Set<string> {
  return new Set(Object.values(network.Containers ?? {}).map(endpoint => endpoint.EndpointID))
}

/** Not attachable: that is for swarm networks, and a host that leaves a swarm takes the containers off all that are. */
export function creationOf(request: DockerNetworkRequest): Docker.NetworkCreateOptions {
  return {
    Name: request.name,
    CheckDuplicate: true,
    Driver: request.driver,
    Internal: request.internal,
    EnableIPv6: request.subnet6 !== '',
    Labels: { ...request.labels },
    Options: { ...request.options },
    IPAM: { Driver: request.driver, Options: { ...request.ipamOptions }, Config: poolsOf(request) },
  }
}

function poolsOf({ subnet, gateway, subnet6, gateway6 }: DockerNetworkRequest): Record<string, string>[] {
  const pool = (Subnet: string, Gateway: string) => ({ Subnet, ...(Gateway === '' ? {} : { Gateway }) })
  return [pool(subnet, gateway), ...(subnet6 === '' ? [] : [pool(subnet6, gateway6)])]
}

export function placesOf(container: Docker.ContainerInfo): DockerEndpoint[] {
  const name = nameOf(container.Names)
  return Object.values(container.NetworkSettings?.Networks ?? {}).map(place => ({
    networkId: place.NetworkID,
    endpointId: place.EndpointID,
    address: place.IPAddress,
    mac: place.MacAddress,
    container: container.Id,
    containerName: name,
  }))
}

export function memberOf(container: Docker.ContainerInfo): DockerMember {
  return {
    container: container.Id,
    name: nameOf(container.Names),
    isRunning: ['running', 'paused', 'restarting'].includes(container.State),
    networks: Object.keys(container.NetworkSettings?.Networks ?? {}),
  }
}

export function nameOf(names: readonly string[]): string {
  return names[0]?.replace(/^\//, '') ?? ''
}

type NamedPlace = Docker.EndpointSettings & { DNSNames?: string[] | null; Aliases?: string[] | null }

/** Docker 25 made `DNSNames` of what was in `Aliases` before, where the short id was an alias. */
export function containerOf(container: Docker.ContainerInspectInfo): DockerContainer {
  const own = [container.Name.replace(/^\//, ''), container.Id.slice(0, 12)]
  const networks = container.NetworkSettings.Networks as Record<string, NamedPlace>
  const places = Object.values(networks)
  return {
    aliases: new Map(Object.entries(networks).map(([network, { Aliases }]) => [network, Aliases ?? []])),
    names: new Map(places.map(place => [place.EndpointID ?? '', place.DNSNames ?? [...own, ...(place.Aliases ?? [])]])),
    dns: container.HostConfig.Dns ?? [],
    resolvConf: container.ResolvConfPath ?? '',
    sandbox: container.NetworkSettings.SandboxKey ?? '',
  }
}

export function failedStartOf({ Id, Name, State, HostConfig }: Docker.ContainerInspectInfo): FailedStart | undefined {
  const policy = HostConfig.RestartPolicy?.Name ?? ''
  if (State.Error === '' || policy === '' || policy === 'no') return undefined
  if (State.Running && !State.Restarting) return undefined
  return { container: Id, name: Name.replace(/^\//, ''), error: State.Error, isOver: !State.Running }
}

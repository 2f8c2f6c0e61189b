/** What the Docker side needs of others. */
import type { NetworkId } from '../model/network.ts'

/** The part of the data path that Docker's calls and the reconciler drive; see `Datapath` for what each promises. */
export interface DatapathPort {
  ensureNetwork(network: NetworkId): Promise<number>
  removeNetwork(network: NetworkId): Promise<void>
  attach(attachment: {
    network: NetworkId
    endpointId: string
    ip: number
    mac: string
    sandbox: string
  }): Promise<{ ifName: string; mtu: number }>
  isLost(network: NetworkId, endpointId: string): boolean
  locate(place: { network: NetworkId; endpointId: string; sandbox: string }): Promise<void>
  detach(network: NetworkId, endpointId: string): Promise<void>
}

/** A network as Docker lists it. */
export interface DockerNetwork {
  readonly id: string
  readonly name: string
  readonly driver: string
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  /** Of its first IPv4 pool, `10.1.2.0/24`; '' if it shows none. */
  readonly subnet: string
  /** Dotted address; '' if it shows none. */
  readonly gateway: string
  /** Of its first IPv6 pool, and canonical; '' if it has none. */
  readonly subnet6: string
  /** '' if it shows none. */
  readonly gateway6: string
  /** Without a way out (`--internal`). */
  readonly internal: boolean
}

/** Docker finds a stopped container by its network's name only: it keeps no id of a network that was connected meanwhile. */
export type NetworkRef = Pick<DockerNetwork, 'id' | 'name'>

/** What Docker says has happened; what it means is asked for afterwards. */
export interface DockerEvent {
  /** `network` or `container`. */
  readonly type: string
  readonly action: string
}

/** A running container's place in one network. */
export interface DockerEndpoint {
  readonly networkId: string
  readonly endpointId: string
  /** Dotted address. */
  readonly address: string
  readonly mac: string
  readonly container: string
  readonly containerName: string
}

/** A network with the endpoints in it, those of starting containers included. */
export interface DockerNetworkInside {
  /** Dotted; '' if it has none. */
  readonly gateway: string
  readonly endpoints: readonly DockerPlace[]
}

export interface DockerPlace {
  readonly container: string
  readonly endpointId: string
  /** Its IPv4 and its IPv6 address, as far as it has them. */
  readonly addresses: readonly string[]
}

/** A container that is connected to a network, running or not. */
export interface DockerMember {
  readonly container: string
  readonly name: string
  /** Running, paused, or between two starts that Docker makes by itself. */
  readonly isRunning: boolean
  /** Docker's names of the networks that it is connected to. */
  readonly networks: readonly string[]
}

/** What lists of containers leave out. */
export interface DockerContainer {
  /** By endpoint id: the names that Docker's resolver answers to in that network. */
  readonly names: ReadonlyMap<string, readonly string[]>
  /** By Docker's name of a network: the names that users gave it there, its own short id perhaps among them. */
  readonly aliases: ReadonlyMap<string, readonly string[]>
  /** Addresses of `--dns`. */
  readonly dns: readonly string[]
  /** Path of its resolv.conf on this host; '' if unknown. */
  readonly resolvConf: string
  /** Path of its network namespace; '' if it does not run. */
  readonly sandbox: string
}

export interface DockerNetworkRequest {
  readonly name: string
  /** Network and IPAM driver. */
  readonly driver: string
  readonly subnet: string
  /** Dotted; '' for none. */
  readonly gateway: string
  /** '' for none. */
  readonly subnet6: string
  readonly gateway6: string
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly ipamOptions: Readonly<Record<string, string>>
  readonly internal: boolean
}

/** A stopped container that has a restart policy and whose last start failed. */
export interface FailedStart {
  readonly container: string
  readonly name: string
  /** In Docker's words. */
  readonly error: string
  /** False for a moment after the failure: Docker is about to give the container up. */
  readonly isOver: boolean
}

/**
 * Docker's API as the reconciler uses it. Every call has a deadline, and rejects with `DockerRefusal` or `DockerAway`
 * (nothing else).
 */
export interface DockerApi {
  ping(): Promise<void>
  networks(): Promise<DockerNetwork[]>
  /** Resolves with Docker's id. Rejects with status 409 if the name is taken. */
  createNetwork(request: DockerNetworkRequest): Promise<string>
  /** False: containers use it, so it stays. A network that is not there counts as removed. */
  removeNetwork(id: string): Promise<boolean>
  /** Of all running (also paused and restarting) containers. */
  endpoints(): Promise<DockerEndpoint[]>
  /** Ids of all endpoints of a network, also of those that no container list shows yet; empty if there is no such network. */
  endpointIds(networkId: string): Promise<Set<string>>
  /** A network by id or name; undefined if there is none. */
  inside(network: string): Promise<DockerNetworkInside | undefined>
  /** Containers that are connected to a network, also those that do not run; empty if there is no such network. */
  members(network: NetworkRef): Promise<DockerMember[]>
  /**
   * Names of containers, running or not, by the network that they were run on, as the user wrote it: its name or id.
   * Docker starts none whose network it does not find, whatever it is connected to by now.
   */
  runOn(): Promise<ReadonlyMap<string, readonly string[]>>
  /** Gives a container an endpoint in a further network, under these aliases besides its name. */
  connect(networkId: string, container: string, aliases: readonly string[]): Promise<void>
  disconnect(networkId: string, container: string): Promise<void>
  /** A container by id, undefined if there is none. Docker answers once it has started: never ask before that. */
  container(id: string): Promise<DockerContainer | undefined>
  /** Among the containers of these networks. */
  failedStarts(networks: readonly NetworkRef[]): Promise<FailedStart[]>
  /** Starts a container; one that runs already is left alone. */
  startContainer(id: string): Promise<void>
  /** Calls `onEvent` after each change of networks or containers, and `onEnd` once when the stream breaks. */
  watch(onEvent: (event: DockerEvent) => void, onEnd: () => void): Promise<{ close(): void }>
  /** Breaks off whatever is under way. */
  close(): void
}

/** Docker answered, with a refusal. */
export class DockerRefusal extends Error {
  override readonly name = 'DockerRefusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** No answer: there is no Docker, it is just starting or stopping, or it is too slow. */
export class DockerAway extends Error {
  override readonly name = 'DockerAway'
}

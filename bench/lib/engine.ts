/** The few calls of a lab host's Docker engine that the measurement makes, over its socket: no process per call. */
import { ask, type LabHost } from '../../lab/index.ts'
import { SkeinError } from '../../src/lib/errors.ts'

export interface Engine {
  readonly host: LabHost
  /** One call of the engine's API; its answer as JSON. Throws with the engine's message. */
  call(method: string, path: string, body?: object): Promise<unknown>
  /** Runs a container that idles. @param network @default Docker's own bridge */
  runIdle(name: string, network?: string): Promise<void>
  connect(network: string, container: string): Promise<void>
  disconnect(network: string, container: string): Promise<void>
  /** Address and MAC of a container on a network. */
  addressOf(network: string, container: string): Promise<{ ip: string; mac: string }>
}

/** An attach to a Swarm overlay network that cannot be made takes Docker 20 s to refuse (reference: lab-facts.md). */
const callLimitMs = 30_000

/** A process 1 that heeds SIGTERM, as `sleep` would not. */
const idle = ['sh', '-c', 'trap exit TERM; sleep 86400 & wait']

interface Inspected {
  NetworkSettings: { Networks: Record<string, { IPAddress: string; MacAddress: string } | undefined> }
}

export function createEngine(host: LabHost): Engine {
  const engine: Engine = {
    host,
    async call(method, path, body) {
      const options = { timeoutMs: callLimitMs, ...(body ? { body } : {}) }
      const { status, text } = await ask(host.engineSocket, method, path, options)
      if (status >= 300) throw new SkeinError('internal', `${host.name}: Docker refused ${path}: ${status} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    async runIdle(name, network = 'bridge') {
      const settings = { Image: 'alpine', Cmd: idle, HostConfig: { NetworkMode: network } }
      await engine.call('POST', `/containers/create?name=${name}`, settings)
      await engine.call('POST', `/containers/${name}/start`)
    },
    async connect(network, container) {
      await engine.call('POST', `/networks/${network}/connect`, { Container: container })
    },
    async disconnect(network, container) {
      await engine.call('POST', `/networks/${network}/disconnect`, { Container: container })
    },
    async addressOf(network, container) {
      const inspected = (await engine.call('GET', `/containers/${container}/json`)) as Inspected
      const found = inspected.NetworkSettings.Networks[network]
      if (!found?.IPAddress) throw new SkeinError('internal', `${host.name}: ${container} is not on ${network}`)
      return { ip: found.IPAddress, mac: found.MacAddress }
    },
  }
  return engine
}

/** The two networks that are compared: one of Skein, one of Docker Swarm, on the same hosts. */
import { until } from '../../lab/index.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import type { Engine } from './engine.ts'

export interface BenchNetwork {
  readonly name: string
  /** Where a host that has a container on it keeps its forwarding entries: the file its namespace is bound to. */
  readonly namespace: string
}

const subnets = { skein: '10.61.0.0/16', swarm: '10.62.0.0/16' } as const

/** Creates the Skein network on the first host and waits until every engine shows it. */
export async function makeSkeinNetwork(engines: readonly Engine[], signal: AbortSignal): Promise<BenchNetwork> {
  const name = 'bench-skein'
  const create = ['netctl', 'net', 'create', `--subnet=${subnets.skein}`, name]
  const { code, stderr } = await founderOf(engines).host.exec(create)
  if (code !== 0) throw new SkeinError('internal', `netctl net create: ${stderr.trim()}`)
  for (const engine of engines) await untilShown(engine, name, signal)
  return { name, namespace: '/run/netns/skein-default' }
}

/** Waits until `docker network ls` of the host shows the network. */
export async function untilShown(engine: Engine, network: string, signal: AbortSignal): Promise<void> {
  const what = `${engine.host.name} does not show ${network}`
  await until(() => has(engine, network), { timeoutMs: 20_000, what, signal })
}

async function has(engine: Engine, network: string): Promise<true | undefined> {
  const listed = (await engine.call('GET', '/networks')) as { Name: string }[]
  return listed.some(one => one.Name === network) ? true : undefined
}

/** Makes the hosts a swarm, the first its manager, with an overlay network that containers can attach to. */
export async function makeSwarmNetwork(engines: readonly Engine[]): Promise<BenchNetwork> {
  const [manager, ...workers] = [founderOf(engines), ...engines.slice(1)]
  await manager.call('POST', '/swarm/init', swarmAddresses(manager))
  const swarm = (await manager.call('GET', '/swarm')) as { JoinTokens: { Worker: string } }
  const join = { RemoteAddrs: [`${manager.host.address}:2377`], JoinToken: swarm.JoinTokens.Worker }
  for (const worker of workers) await worker.call('POST', '/swarm/join', { ...swarmAddresses(worker), ...join })
  const name = 'bench-swarm'
  const created = (await manager.call('POST', '/networks/create', {
    ...{ Name: name, Driver: 'overlay', Attachable: true },
    IPAM: { Config: [{ Subnet: subnets.swarm }] },
  })) as { Id: string }
  // libnetwork's overlay driver: `1-` and the first ten characters of the id
  return { name, namespace: `/run/docker/netns/1-${created.Id.slice(0, 10)}` }
}

function swarmAddresses({ host }: Engine) {
  return { ListenAddr: `${host.address}:2377`, AdvertiseAddr: host.address }
}

function founderOf(engines: readonly Engine[]): Engine {
  const [first] = engines
  if (!first) throw new SkeinError('internal', 'the lab has no hosts')
  return first
}

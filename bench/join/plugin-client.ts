/** Speaks Docker's plugin protocol over a Unix socket and times each call, the way Docker sees it. */
import { randomBytes } from 'node:crypto'
import { ask } from '../../lab/index.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import { timeOf } from '../lib/timing.ts'

/** The calls for one container's life on a network, in Docker's order. */
export const calls = ['RequestAddress', 'CreateEndpoint', 'Join', 'Leave', 'DeleteEndpoint', 'ReleaseAddress'] as const

/** Duration of each call, ms. */
export type Durations = Readonly<Record<(typeof calls)[number], number>>

export interface Target {
  readonly socketPath: string
  /** Docker's id of the network, and its pool. */
  readonly networkId: string
  readonly poolId: string
}

/** One container's life, call by call. Throws with the plugin's text when it refuses. */
export async function lifeOf({ socketPath, networkId, poolId }: Target): Promise<Durations> {
  const durations = new Map<string, number>()
  const call = async (part: 'NetworkDriver' | 'IpamDriver', name: string, body: object) => {
    let answer = { status: 0, text: '' }
    const ms = await timeOf(async () => {
      answer = await ask(socketPath, 'POST', `/${part}.${name}`, { body, timeoutMs: 10_000 })
    })
    if (answer.status !== 200) throw new SkeinError('internal', `the plugin refused ${name}: ${answer.text}`)
    durations.set(name, ms)
    return JSON.parse(answer.text) as { Address?: string }
  }
  const endpoint = { NetworkID: networkId, EndpointID: randomBytes(32).toString('hex') }
  const { Address = '' } = await call('IpamDriver', 'RequestAddress', { PoolID: poolId, Address: '', Options: {} })
  const made = { Interface: { Address, AddressIPv6: '', MacAddress: '' }, Options: {} }
  await call('NetworkDriver', 'CreateEndpoint', { ...endpoint, ...made })
  await call('NetworkDriver', 'Join', { ...endpoint, SandboxKey: '/var/run/docker/netns/bench', Options: {} })
  await call('NetworkDriver', 'Leave', endpoint)
  await call('NetworkDriver', 'DeleteEndpoint', endpoint)
  await call('IpamDriver', 'ReleaseAddress', { PoolID: poolId, Address: Address.split('/')[0] ?? '' })
  return Object.fromEntries(durations) as Durations
}

import type { Ipam } from '../ipam/ipam.ts'
import type { Clock } from '../lib/clock.ts'
import type { AddressPool } from '../model/address-pool.ts'
import type { Replica } from '../replica/replica.ts'
import { type BornPools, createBornPools } from './born-pools.ts'
import { createDockerNetworks, type DockerNetworks } from './docker-networks.ts'
import { createIpamDriver } from './ipam-driver.ts'
import { createLocalState, type LocalState } from './local-state.ts'
import { createNetworkDriver } from './network-driver.ts'
import type { DatapathPort } from './ports.ts'
import type { Driver } from './protocol.ts'
import { createRemovals, type Removals } from './removals.ts'

export interface DriverDeps {
  replica: Replica
  ipam: Ipam
  datapath: DatapathPort
  clock: Clock
  /** Docker's name of the driver: the plugin socket's name without `.sock`. */
  driverName: string
  /** Where networks that are born in Docker without a subnet get theirs from. */
  range: AddressPool
}

/** The handlers for the plugin server, and what the reconciler shares with them. */
export interface DockerDriver {
  readonly handlers: Driver
  readonly networks: DockerNetworks
  readonly state: LocalState
  readonly pools: BornPools
  readonly removals: Removals
}

export function createDriver(deps: DriverDeps): DockerDriver {
  const networks = createDockerNetworks(deps.replica.local)
  const state = createLocalState(deps.replica.local, deps.clock)
  const pools = createBornPools({ ...deps, local: deps.replica.local, networks })
  const removals = createRemovals(deps.clock)
  const shared = { ...deps, networks, state, pools, removals }
  const handlers = { ...createNetworkDriver(shared), ...createIpamDriver(shared) }
  return { handlers, networks, state, pools, removals }
}

/** Endpoint records as the plugin writes them, one for each container. */
import { createHash } from 'node:crypto'
import type { EndpointLeaf } from '../../src/crdt/leaves.ts'
import { macOf } from '../../src/model/ip.ts'
import type { NetworkId } from '../../src/model/network.ts'

/** The `number`-th endpoint (0, 1, …) of a network whose first address is `first`. */
export function endpointNumber(network: NetworkId, first: number, number: number): EndpointLeaf {
  const ip = first + number
  const id = createHash('sha256').update(`endpoint ${number}`).digest('hex')
  const container = createHash('sha256').update(`container ${number}`).digest('hex')
  const names = { container, containerName: `service-${number}` }
  return { kind: 'endpoint', id, network, ip, mac: macOf(ip), ...names }
}

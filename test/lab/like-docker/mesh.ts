/** What the mesh knows of containers, and what the kernel of a host was told. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl } from '../acceptance/cli.ts'
import { call, eventually, meshNetworks } from '../support/index.ts'

export interface EndpointSeen {
  containerName: string
  homingHost: string
  ipAddress: string[]
  macAddress: string
}

/** The endpoints of a network of the default tenant, as the host's peer knows them. */
export async function endpointsOf(host: LabHost, network: string): Promise<EndpointSeen[]> {
  const path = `/api/v1/inspect/networks/default:${network}/`
  return ((await call(host, 'GET', path)) as { Oper: { endpoints: EndpointSeen[] } }).Oper.endpoints
}

/** `name address` of each endpoint of the network, sorted, as the host's peer knows them. */
export async function places(host: LabHost, network: string): Promise<string[]> {
  return (await endpointsOf(host, network)).map(each => `${each.containerName} ${each.ipAddress[0]}`).sort()
}

/** Whether the host's kernel has a forwarding entry for the MAC in the default tenant. */
export async function forwards(host: LabHost, mac: string): Promise<boolean> {
  const { code, stdout } = await host.exec(['bridge', '-n', 'skein-default', 'fdb', 'show'])
  assert.equal(code, 0)
  return stdout.includes(`${mac} dev skx`)
}

/** Creates networks in the default tenant, and waits until each of these hosts' Docker shows them. */
export async function createNetworks(hosts: readonly LabHost[], subnets: Record<string, string>): Promise<void> {
  const [first] = hosts
  assert.ok(first)
  for (const [name, subnet] of Object.entries(subnets)) await netctl(first, 'net', 'create', `--subnet=${subnet}`, name)
  await eventually(async () => {
    for (const host of hosts) {
      const shown = await meshNetworks(host)
      for (const name of Object.keys(subnets)) assert.ok(shown.includes(name), `${host.name} shows ${name}`)
    }
  })
}

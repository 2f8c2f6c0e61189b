/**
 * What has to hold once all is mended: one state, no address held twice, no orphan, no condition, a container can be started on every host, and on
 * each network one container of each host reaches all of the others.
 */
import assert from 'node:assert/strict'
import type { LabHost } from '../../lab/index.ts'
import type { ListedEndpointJson } from '../../src/api/types.ts'
import { assertAgree, status } from '../lab/acceptance/cli.ts'
import { call } from '../lab/support/clean.ts'
import { docker, idle } from '../lab/support/docker.ts'
import { eventually } from '../lab/support/eventually.ts'
import { doubled, type Held, heldOn } from './addresses.ts'
import { assertAllReach } from './pings.ts'

/** Collecting what was lost while one of the two was down takes a pass of the reconciler, ms. */
const limitMs = 60_000

/** @param network one with addresses to spare: each host gets a container on it, since faults may have left a host none. */
export async function assertAtRest(
  hosts: readonly LabHost[],
  network: string,
): Promise<{ containers: number; pings: number }> {
  await assertAgree(hosts, limitMs)
  for (const host of hosts)
    await docker(host, 'run', '-d', '--name', `rest-${host.name}`, '--net', network, 'alpine', ...idle)
  const held = await eventually(() => assertNoOrphans(hosts), { timeoutMs: limitMs, intervalMs: 1000 })
  assert.deepEqual(doubled(held), [])
  const pings = await eventually(() => assertAllReach(hosts, held), { timeoutMs: limitMs, intervalMs: 1000 })
  await eventually(
    async () => {
      for (const host of hosts) assert.deepEqual((await status(host)).conditions, [], `conditions of ${host.name}`)
    },
    { timeoutMs: limitMs, intervalMs: 1000 },
  )
  return { containers: held.length, pings }
}

/** The endpoints that each peer lists are the containers that the engines show, neither more nor less. */
async function assertNoOrphans(hosts: readonly LabHost[]): Promise<Held[]> {
  const held = (await Promise.all(hosts.map(heldOn))).flatMap((list, i) => {
    assert.ok(list, `the engine of ${hosts[i]?.name} answers`)
    return list
  })
  const wanted = held.map(({ ip, host }) => `${ip} ${host}`).sort()
  for (const host of hosts) {
    const listed = (await call(host, 'GET', '/api/v1/endpoints')) as ListedEndpointJson[]
    assert.deepEqual(
      listed.map(item => `${item.ipAddress[0]} ${item.homingHost}`).sort(),
      wanted,
      `endpoints on ${host.name}`,
    )
  }
  return held
}

/** What has to hold once all is mended: one state, no orphan, no condition, and everybody reaches everybody. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../lab/index.ts'
import type { ListedEndpointJson } from '../../src/api/types.ts'
import { assertAgree, status } from '../lab/acceptance/cli.ts'
import { call } from '../lab/support/clean.ts'
import { eventually } from '../lab/support/eventually.ts'
import { heldOn } from './addresses.ts'

/** Collecting what was lost while one of the two was down takes a pass of the reconciler, ms. */
const limitMs = 60_000

export async function assertAtRest(hosts: readonly LabHost[]): Promise<number> {
  await assertAgree(hosts, limitMs)
  const containers = await eventually(() => assertNoOrphans(hosts), { timeoutMs: limitMs, intervalMs: 1000 })
  await eventually(
    async () => {
      for (const host of hosts) assert.deepEqual((await status(host)).conditions, [], `conditions of ${host.name}`)
    },
    { timeoutMs: limitMs, intervalMs: 1000 },
  )
  return containers
}

/** The endpoints that each peer lists are the containers that the engines show, neither more nor less. */
async function assertNoOrphans(hosts: readonly LabHost[]): Promise<number> {
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
  return held.length
}

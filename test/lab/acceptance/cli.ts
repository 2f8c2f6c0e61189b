/** `netctl` and `skein` on the lab's hosts, and what peers say of themselves. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import type { RunResult } from '../../../src/lib/exec.ts'
import { call } from '../support/clean.ts'
import { eventually } from '../support/eventually.ts'

export function tryNetctl(host: LabHost, ...args: string[]): Promise<RunResult> {
  return host.exec(['netctl', ...args], { timeoutMs: 30_000 })
}

/** What it prints. Fails with what it said. */
export async function netctl(host: LabHost, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryNetctl(host, ...args)
  assert.equal(code, 0, `${host.name}: netctl ${args.join(' ')}: ${stderr}`)
  return stdout
}

export interface Status {
  self: { name: string; key: string; settled: boolean; waitingFor: string[] }
  digest: string
  members: { name: string; key: string; settled: boolean; connected: boolean }[]
  networks: number
  conditions: { text: string }[]
}

export async function status(host: LabHost): Promise<Status> {
  return (await call(host, 'GET', '/api/v1/status')) as Status
}

/** All peers say that they hold the same state. */
export async function assertAgree(hosts: readonly LabHost[], timeoutMs: number): Promise<void> {
  await eventually(
    async () => {
      const digests = await Promise.all(hosts.map(async host => (await status(host)).digest))
      assert.equal(new Set(digests).size, 1, `digests: ${digests.map(digest => digest.slice(0, 8)).join(' ')}`)
    },
    { timeoutMs },
  )
}

interface NetworkJson {
  tenantName: string
  networkName: string
}

/** Names of the networks that the peer lists, `tenant/name`, sorted. */
export async function networkNames(host: LabHost): Promise<string[]> {
  const networks = (await call(host, 'GET', '/api/v1/networks/')) as NetworkJson[]
  return networks.map(network => `${network.tenantName}/${network.networkName}`).sort()
}

export function three(hosts: readonly LabHost[]): [LabHost, LabHost, LabHost] {
  const [first, second, third] = hosts
  assert.ok(first && second && third, 'three hosts')
  return [first, second, third]
}

/** Old copies of data directories, and what hosts say once they have found out. */
import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import type { StatusJson } from '../../../src/api/types.ts'
import { endpointsOf } from '../like-docker/mesh.ts'
import { call } from '../support/clean.ts'
import { eventually } from '../support/index.ts'

/** Where the host's peer notes how far its records go. */
export const witnessOf = ({ dataDir }: LabHost): string => `${dataDir}-witness`

/** Copies the data directory of the stopped peer; gives where to. */
export function copyData({ dataDir }: LabHost, name = 'copy'): string {
  const copy = `${dataDir}-${name}`
  rmSync(copy, { recursive: true, force: true })
  cpSync(dataDir, copy, { recursive: true, preserveTimestamps: true })
  return copy
}

/** Puts a copy in the place of the stopped peer's data directory. */
export function restoreData({ dataDir }: LabHost, copy: string): void {
  rmSync(dataDir, { recursive: true, force: true })
  cpSync(copy, dataDir, { recursive: true, preserveTimestamps: true })
}

export async function statusOf(host: LabHost): Promise<StatusJson> {
  return (await call(host, 'GET', '/api/v1/status')) as StatusJson
}

/** `kind: text` of each condition, of the mesh and of the host. */
export async function conditionsOf(host: LabHost): Promise<string[]> {
  return (await statusOf(host)).conditions.map(({ kind, text }) => `${kind}: ${text}`)
}

/** Waits until the host's peer says that it is fenced; gives what it says. */
export function fenced(host: LabHost): Promise<string> {
  return eventually(async () => {
    const found = (await conditionsOf(host)).find(text => text.startsWith('fenced: '))
    return found ?? assert.fail(`${host.name} is not fenced`)
  })
}

/** `docker run` there is refused, in one line; gives it. */
export async function refusedRun(host: LabHost, network: string): Promise<string> {
  const run = ['docker', 'run', '--rm', '--net', network, 'alpine', 'true']
  const { code, stderr } = await host.exec(run, { timeoutMs: 30_000 })
  assert.notEqual(code, 0, `${host.name} hands out nothing`)
  const lines = stderr.split('\n').filter(line => line.startsWith('docker: '))
  assert.equal(lines.length, 1, stderr)
  return lines[0] ?? ''
}

/** All hosts hold the same, show no condition, and list exactly these containers on the network, each at one address. */
export async function assertWhole(
  hosts: readonly LabHost[],
  network: string,
  wanted: readonly string[],
): Promise<void> {
  await eventually(
    async () => {
      const digests = await Promise.all(hosts.map(async host => (await statusOf(host)).digest))
      assert.equal(new Set(digests).size, 1, `digests ${digests.map(digest => digest.slice(0, 8)).join(' ')}`)
      for (const host of hosts) {
        assert.deepEqual(await conditionsOf(host), [], host.name)
        const seen = await endpointsOf(host, network)
        const shown = seen.map(each => `${each.containerName} ${each.ipAddress[0]} on ${each.homingHost}`)
        assert.deepEqual(shown.sort(), [...wanted].sort(), host.name)
        assert.equal(new Set(seen.map(each => each.ipAddress[0])).size, seen.length, 'no address twice')
      }
    },
    { timeoutMs: 30_000 },
  )
}

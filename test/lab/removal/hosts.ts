/** What the tests of removals ask of the lab's hosts. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import type { PeerJson, StatusJson } from '../../../src/api/types.ts'
import type { RunResult } from '../../../src/lib/exec.ts'
import { createNetworks } from '../like-docker/mesh.ts'
import { call } from '../support/clean.ts'
import { type Container, eventually, runContainer } from '../support/index.ts'

export function trySkein(host: LabHost, ...args: string[]): Promise<RunResult> {
  return host.exec(['skein', ...args], { timeoutMs: 30_000 })
}

/** What it prints. Fails with what it said. */
export async function skein(host: LabHost, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await trySkein(host, ...args)
  assert.equal(code, 0, `${host.name}: skein ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

export async function peers(host: LabHost): Promise<PeerJson[]> {
  return (await call(host, 'GET', '/api/v1/peers')) as PeerJson[]
}

/** `host3 removed` of each host that was removed or is to be, sorted. */
export async function removals(host: LabHost): Promise<string[]> {
  const all = await peers(host)
  return all.flatMap(({ name, removal }) => (removal ? [`${name} ${removal.state}`] : [])).sort()
}

/** Of the mesh, without what a host says of itself: kind and text of each condition. */
export async function meshConditions(host: LabHost): Promise<string[]> {
  const { conditions } = (await call(host, 'GET', '/api/v1/status')) as StatusJson
  return conditions.filter(({ scope }) => scope === 'mesh').map(({ kind, text }) => `${kind}: ${text}`)
}

/** Waits until the host's peer has no connection with these, as after their power went. */
export async function outOfReach(host: LabHost, ...names: string[]): Promise<void> {
  await eventually(
    async () => {
      const connected = (await peers(host)).filter(peer => peer.connected).map(peer => peer.name)
      assert.ok(!names.some(name => connected.includes(name)), `${host.name} is connected with ${connected.join(' ')}`)
    },
    { timeoutMs: 30_000 },
  )
}

/**
 * Runs containers in turn on these hosts, until each of them was refused for want of an address. What was freed lately, or came to an heir,
 * is waited for (R7).
 */
export async function fillUp(hosts: readonly LabHost[], network: string, prefix: string): Promise<Container[]> {
  const all: Container[] = []
  const runOne = async (host: LabHost): Promise<Container | undefined> => {
    const name = `${prefix}-${host.number}-${all.length}`
    try {
      return await runContainer(host, network, name)
    } catch (error) {
      await host.exec(['docker', 'rm', '-f', name])
      if (/try again in \d+ s/.test(String(error))) throw error
      assert.match(String(error), /no free address|exhausted|out of addresses|no address/i)
      return undefined
    }
  }
  for (const host of hosts) {
    for (;;) {
      const container = await eventually(() => runOne(host), { timeoutMs: 45_000, intervalMs: 1000 })
      if (!container) break
      all.push(container)
    }
  }
  return all
}

/** Network `small`, and every address of it that a container can have. */
export const small = { subnet: '10.1.3.0/29', usable: Array.from({ length: 6 }, (_, i) => `10.1.3.${i + 1}`) }

/** Creates it; a container on the first host and one on the last are on it. */
export async function startSmall(
  hosts: readonly [LabHost, LabHost, LabHost],
): Promise<[near: Container, kept: Container]> {
  await createNetworks(hosts, { small: small.subnet })
  return [await runContainer(hosts[0], 'small', 'near'), await runContainer(hosts[2], 'small', 'kept')]
}

/** Two networks of one name, made on two sides of a split; and what hosts say of it. */
import assert from 'node:assert/strict'
import type { Lab, LabHost } from '../../../lab/index.ts'
import type { ConditionJson } from '../../../src/api/types.ts'
import { assertAgree, netctl, three } from '../acceptance/cli.ts'
import { call, docker, eventually, meshNetworks } from '../support/index.ts'

/** What the host's peer lists, of the mesh or of itself. */
export async function conditionsOf(host: LabHost, scope: 'mesh' | 'host'): Promise<ConditionJson[]> {
  const all = (await call(host, 'GET', '/api/v1/conditions')) as ConditionJson[]
  return all.filter(condition => condition.scope === scope)
}

/** Those of the mesh, once all hosts list the same. */
export async function sameConditions(hosts: readonly LabHost[]): Promise<ConditionJson[]> {
  return eventually(async () => {
    const [first = [], ...others] = await Promise.all(hosts.map(host => conditionsOf(host, 'mesh')))
    for (const other of others) assert.deepEqual(other, first)
    return first
  })
}

/** No condition is left: of the mesh on any host, nor of any host. */
export async function assertInOrder(hosts: readonly LabHost[], timeoutMs = 15_000): Promise<void> {
  await eventually(
    async () => {
      for (const host of hosts)
        for (const scope of ['mesh', 'host'] as const) assert.deepEqual(await conditionsOf(host, scope), [], host.name)
    },
    { timeoutMs },
  )
}

/** A command as a condition names it. */
export async function obey(host: LabHost, command: string | undefined): Promise<void> {
  assert.ok(command)
  const { code, stderr } = await host.exec(command.split(' '), { timeoutMs: 30_000 })
  assert.equal(code, 0, `${host.name}: ${command}: ${stderr}`)
}

export const subnets = { older: '10.1.2.0/24', younger: '10.9.2.0/24' }

/** Splits host 3 off and creates `web` on both sides, the older on hosts 1 and 2; they are split still. */
export async function splitWebs(lab: Lab): Promise<void> {
  const [one, two, three3] = three(lab.hosts())
  await lab.split(['1 2', '3'])
  await netctl(one, 'net', 'create', `--subnet=${subnets.older}`, 'web')
  await netctl(three3, 'net', 'create', `--subnet=${subnets.younger}`, 'web')
  for (const host of [one, two, three3]) await shows(host, ['web'])
}

/** Heals; resolves with the name that the younger of two `web` has on hosts 1 and 2, and the older on host 3. */
export async function healWebs(lab: Lab): Promise<{ younger: string; olderOn3: string }> {
  const [one, two, three3] = three(lab.hosts())
  await lab.heal()
  await assertAgree([one, two, three3], 15_000)
  const other = async (host: LabHost) => {
    const [web, named = ''] = await meshNetworks(host)
    assert.equal(web, 'web', host.name)
    assert.match(named, /^web~[\da-f]{6}$/, host.name)
    return named
  }
  const [younger, same, olderOn3] = await eventually(() => Promise.all([other(one), other(two), other(three3)]))
  assert.equal(same, younger)
  return { younger, olderOn3 }
}

/** Waits until the host's Docker shows just these networks. */
export async function shows(host: LabHost, names: readonly string[], timeoutMs = 20_000): Promise<void> {
  await eventually(async () => assert.deepEqual(await meshNetworks(host), [...names].sort(), host.name), { timeoutMs })
}

export function subnetOf(host: LabHost, network: string): Promise<string> {
  return docker(host, 'network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', network)
}

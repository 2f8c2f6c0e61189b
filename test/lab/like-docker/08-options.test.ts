/** Tenant and group of a network that is created with `docker network create`, said with `-o` alone, on real engines. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl, three, tryNetctl } from '../acceptance/cli.ts'
import { assertReaches, call, docker, eventually, meshNetworks, runContainer, useLab } from '../support/index.ts'

const subnet = '10.7.1.0/24'

/** `docker network create` as a person types it. */
function create(host: LabHost, name: string, ...options: string[]): Promise<string> {
  const flags = options.flatMap(option => ['-o', option])
  return docker(host, 'network', 'create', '-d', 'mesh', '--ipam-driver', 'mesh', '--subnet', subnet, ...flags, name)
}

/** The containers that the host's peer knows on a network or in a group, `network` as `tenant:name`. */
async function containers(host: LabHost, kind: 'networks' | 'endpointGroups', name: string): Promise<string[]> {
  const path = `/api/v1/inspect/${kind}/${name}/`
  const { Oper } = (await call(host, 'GET', path)) as { Oper: { endpoints?: { containerName: string }[] } }
  return (Oper.endpoints ?? []).map(each => each.containerName).sort()
}

async function everywhere(hosts: readonly LabHost[], ...names: string[]): Promise<void> {
  await eventually(async () => {
    for (const host of hosts) {
      const shown = (await meshNetworks(host)).map(name => name.split('/')[0])
      assert.deepEqual(shown, names, host.name)
    }
  })
}

describe('like Docker 8: tenant and group by -o alone', function () {
  this.timeout(90_000)
  const lab = useLab()

  it('one subnet in several tenants, and a group beside its network, created in one moment', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await Promise.all(['blue', 'red'].map(tenant => netctl(one, 'tenant', 'create', tenant)))
    await Promise.all([
      create(one, 'web'),
      create(one, 'front', 'tenant=blue'),
      create(one, 'back', 'tenant=red'),
      create(one, 'db.back', 'tenant=red', 'group=db'),
    ])
    const names = ['web', 'front', 'back', 'db.back']
    await everywhere(hosts, 'back', 'db.back', 'front', 'web')
    await Promise.all(names.map(name => runContainer(one, name, `one-${name}`)))
    const check = async (made: string) => {
      assert.deepEqual(await containers(two, 'networks', 'default:web'), [`${made}-web`])
      assert.deepEqual(await containers(two, 'networks', 'blue:front'), [`${made}-front`])
      assert.deepEqual(await containers(two, 'networks', 'red:back'), [`${made}-back`, `${made}-db.back`])
      assert.deepEqual(await containers(two, 'endpointGroups', 'red:db'), [`${made}-db.back`])
    }
    await eventually(() => check('one'))

    await Promise.all([one.killEngine(), one.killPeer()])
    await one.startPeer()
    await one.startEngine()
    await docker(one, 'rm', '-f', ...names.map(name => `one-${name}`))
    await Promise.all(names.map(name => runContainer(one, name, `again-${name}`)))
    await eventually(() => check('again'))
    const far = await runContainer(two, 'db.back/red', 'far')
    const near = await docker(
      one,
      'inspect',
      '-f',
      '{{(index .NetworkSettings.Networks "db.back").IPAddress}}',
      'again-db.back',
    )
    await eventually(() => assertReaches(far, near))
    await docker(two, 'rm', '-f', 'far')
    await docker(one, 'rm', '-f', ...names.map(name => `again-${name}`))

    await docker(one, 'network', 'rm', 'front', 'db.back')
    await everywhere(hosts, 'back', 'web')
    await docker(one, 'network', 'rm', 'back')
    await everywhere(hosts, 'web')
    assert.notEqual((await tryNetctl(two, 'net', 'inspect', '-t', 'blue', 'front')).code, 0)
  })
})

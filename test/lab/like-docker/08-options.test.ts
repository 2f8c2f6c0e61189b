/** Tenant and group of a network that is created with `docker network create`, said with `-o` alone, on real engines. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl, three, tryNetctl } from '../acceptance/cli.ts'
import {
  assertReaches,
  call,
  docker,
  eventually,
  inspect,
  meshNetworks,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'
import type { EndpointSeen } from './mesh.ts'

const mesh = ['network', 'create', '-d', 'mesh', '--ipam-driver', 'mesh', '--subnet', '10.7.1.0/24']

/** `docker network create` as a person types it. */
function create(host: LabHost, name: string, ...options: string[]): Promise<string> {
  return docker(host, ...mesh, ...options.flatMap(option => ['-o', option]), name)
}

/** `NAME ADDRESS` of the containers that the host's peer knows on a network or in a group, `tenant:name`. */
async function containers(host: LabHost, kind: 'networks' | 'endpointGroups', name: string): Promise<string[]> {
  const { Oper } = (await call(host, 'GET', `/api/v1/inspect/${kind}/${name}/`)) as {
    Oper: { endpoints?: EndpointSeen[] }
  }
  return (Oper.endpoints ?? []).map(each => `${each.containerName} ${each.ipAddress[0]}`).sort()
}

async function addressOf(host: LabHost, container: string, network: string): Promise<string> {
  const address = (await inspect(host, 'container', container)).NetworkSettings?.Networks[network]?.IPAddress
  assert.ok(address, `${container} is on ${network}`)
  return address
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
  this.timeout(150_000)
  const lab = useLab()

  it('one subnet in several tenants, created in one moment, and a group beside its network', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await Promise.all(['blue', 'red'].map(tenant => netctl(one, 'tenant', 'create', tenant)))
    await Promise.all([create(one, 'web'), create(one, 'front', 'tenant=blue'), create(one, 'back', 'tenant=red')])
    await create(one, 'db.back', 'tenant=red', 'group=db')
    const names = ['web', 'front', 'back', 'db.back']
    await everywhere(hosts, 'back', 'db.back', 'front', 'web')
    await Promise.all(names.map(name => runContainer(one, name, `one-${name}`)))
    /** The one of a network has the address that Docker shows, and is where it should be. */
    const check = async () => {
      const [web, front, back, db] = await Promise.all(
        names.map(async name => `one-${name} ${await addressOf(one, `one-${name}`, name)}`),
      )
      assert.deepEqual(await containers(two, 'networks', 'default:web'), [web])
      assert.deepEqual(await containers(two, 'networks', 'blue:front'), [front])
      assert.deepEqual(await containers(two, 'networks', 'red:back'), [back, db])
      assert.deepEqual(await containers(two, 'endpointGroups', 'red:db'), [db])
    }
    await eventually(check)

    await Promise.all([one.killEngine(), one.killPeer()])
    await one.startPeer()
    await one.startEngine()
    await docker(one, 'start', ...names.map(name => `one-${name}`))
    await eventually(check)
    const far = await runContainer(two, 'db.back/red', 'far')
    await eventually(async () => assertReaches(far, await addressOf(one, 'one-db.back', 'db.back')))
    await removeContainers(two, 'far')
    await removeContainers(one, ...names.map(name => `one-${name}`))

    await docker(one, 'network', 'rm', 'front', 'db.back')
    await everywhere(hosts, 'back', 'web')
    await docker(one, 'network', 'rm', 'back')
    await everywhere(hosts, 'web')
    assert.notEqual((await tryNetctl(two, 'net', 'inspect', '-t', 'blue', 'front')).code, 0)
  })

  it('all options together: a group of a VLAN network, with its router and IPv6', async () => {
    const [one, two] = three(lab().hosts())
    await netctl(one, 'tenant', 'create', 'blue')
    const ways = ['--gateway', '10.7.1.254', '--ipv6', '--subnet', 'fd00:7::/64', '--gateway', 'fd00:7::fe']
    const options = ['tenant=blue', 'group=db', 'encap=vlan', 'pkt-tag=112'].flatMap(option => ['-o', option])
    await docker(one, ...mesh, ...ways, ...options, 'db.web')
    await eventually(async () => {
      const [web] = (await call(two, 'GET', '/api/v1/networks/')) as Record<string, unknown>[]
      const { tenantName, networkName, encap, pktTag, gateway, ipv6Gateway } = web ?? {}
      const expected = ['blue', 'web', 'vlan', 112, '10.7.1.254', 'fd00:7::fe']
      assert.deepEqual([tenantName, networkName, encap, pktTag, gateway, ipv6Gateway], expected)
      const [db] = (await call(two, 'GET', '/api/v1/endpointGroups/')) as Record<string, unknown>[]
      assert.deepEqual([db?.tenantName, db?.groupName, db?.networkName], ['blue', 'db', 'web'])
    })
    await docker(one, 'network', 'rm', 'db.web')
    await eventually(async () => assert.deepEqual(await call(two, 'GET', '/api/v1/endpointGroups/'), []))
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createBornPools } from '../../../src/driver/born-pools.ts'
import { createDockerNetworks } from '../../../src/driver/docker-networks.ts'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { parseIp } from '../../../src/model/ip.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'
import { createHandClock } from '../../support/hand-clock.ts'
import { eventually, type Host, newDockerId, newHost, range, restartHost, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

const subnet = '10.9.0.0/24'
const gatewayType = { RequestAddressType: 'com.docker.network.gateway' }
type Options = Record<string, string>

/** A creation, call by call. */
interface Creation {
  readonly id: string
  readonly handle: string
  readonly handle6: string
  readonly options: Options
  readonly data: object
}

describe('pools of networks that are born in Docker', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler
  const start = () => {
    reconciler = startReconciler(host, docker)
  }
  const view = () => host.peer.replica.view
  const facts = () => host.peer.replica.local.entries('docker/pool')
  const idOf = (tenant: string, name: string) => view().networkByName(tenant, name)?.id ?? ''

  async function ask(
    options: Options,
    how: { gateway?: string; pool6?: string; ipam?: Options } = {},
  ): Promise<Creation> {
    const poolOf = async (Pool: string, V6: boolean) => {
      const made = await host.ok('IpamDriver.RequestPool', { Pool, V6, Options: how.ipam ?? null })
      const Data = made.Data as Options
      const asked = { PoolID: made.PoolID, Address: how.gateway, Options: gatewayType }
      const own = how.gateway && !V6 ? await host.ok('IpamDriver.RequestAddress', asked) : undefined
      const Gateway = own?.Address ?? Data['com.docker.network.gateway']
      return { handle: String(made.PoolID), data: { AddressSpace: 'skein', Pool: made.Pool, Gateway } }
    }
    const one = await poolOf(subnet, false)
    const six = how.pool6 ? await poolOf(how.pool6, true) : undefined
    const data = { IPv4Data: [one.data], IPv6Data: six ? [six.data] : [] }
    return { id: newDockerId(), handle: one.handle, handle6: six?.handle ?? '', options, data }
  }
  const createOf = ({ id, options, data }: Creation) => ({
    ...{ NetworkID: id, ...data },
    Options: { 'com.docker.network.generic': options },
  })
  const create = (creation: Creation) => host.ok('NetworkDriver.CreateNetwork', createOf(creation))
  const show = (name: string, { id, options }: Creation, more: object = {}) =>
    docker.put({ name, id, driver: 'mesh', options, subnet, ...more })
  const release = async ({ handle, handle6 }: Creation) => {
    await host.ok('IpamDriver.ReleasePool', { PoolID: handle })
    if (handle6) await host.ok('IpamDriver.ReleasePool', { PoolID: handle6 })
  }
  /** The handle leads to this network of ours, and no other. */
  const assertLeads = async (
    { handle, handle6 }: Pick<Creation, 'handle' | 'handle6'>,
    network: string,
    address: string,
  ) => {
    await host.ok('IpamDriver.RequestAddress', { PoolID: handle, Address: address })
    assert.ok(host.ipam.held(network).includes(parseIp(address) ?? 0), `${handle} leads to ${network}`)
    if (handle6) assert.equal(host.driver.pools.ipv6.poolOf(handle6), network)
  }
  const loseFacts = async () => {
    await reconciler.stop()
    for (const [key] of host.peer.replica.local.entries('docker/'))
      await host.peer.replica.local.set([[key, undefined]])
    host = await restartHost(host)
    await host.driver.state.noteRegistered()
  }

  beforeEach(async () => {
    host = await newHost(true)
    docker = createMemoryDocker(() => host.socketPath)
    await host.peer.replica.write(() => ['blue', 'red'].map(name => ({ kind: 'tenant', name })))
    start()
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  const hows: Record<string, { gateway?: string; pool6?: string }> = {
    plain: {},
    'with a gateway': { gateway: '10.9.0.254' },
    'with IPv6': { pool6: 'fd00:9::/64' },
  }
  for (const [what, how] of Object.entries(hows)) {
    for (const isTurned of [false, true]) {
      it(`${what}: of two creations at once each has its own, ${isTurned ? 'the last first' : 'in order'}`, async () => {
        const { gateway = '', pool6: subnet6 = '' } = how
        const blue = await ask({ tenant: 'blue' }, how)
        const red = await ask({ tenant: 'red' }, how)
        for (const each of isTurned ? [red, blue] : [blue, red]) await create(each)
        show('b', blue, { subnet6, gateway })
        show('r', red, { subnet6, gateway })
        await assertLeads(blue, await adopted('blue', 'b'), '10.9.0.7')
        await assertLeads(red, await adopted('red', 'r'), '10.9.0.8')
        await reconciler.stop()
        host = await restartHost(host)
        start()
        await assertLeads(blue, idOf('blue', 'b'), '10.9.0.9')
        await assertLeads(red, idOf('red', 'r'), '10.9.0.10')
      })
    }
  }

  async function adopted(tenant: string, name: string): Promise<string> {
    await eventually(`${name} adopted`, () => idOf(tenant, name) !== '')
    return idOf(tenant, name)
  }

  it('are known after a restart between any two calls', async () => {
    const restart = async () => {
      await reconciler.stop()
      host = await restartHost(host)
      start()
    }
    const blue = await ask({ tenant: 'blue', group: 'db' }, { pool6: 'fd00:9::/64' })
    const other = await ask({ tenant: 'red' })
    await restart()
    await create(blue)
    await restart()
    await create(blue)
    show('db.web', blue, { subnet6: 'fd00:9::/64' })
    const web = await adopted('blue', 'web')
    const group = view().objects.groupByName('blue', 'db')?.id
    await eventually('matched', () => host.driver.networks.poolOf(blue.id) === `${web}/${group}`)
    await create(other)
    show('r', other)
    await assertLeads(other, await adopted('red', 'r'), '10.9.0.8')
  })

  it('go with a creation that fails, whenever it does', async () => {
    const taken = await ask({ tenant: 'blue' })
    await create(taken)
    const same = await ask({ tenant: 'blue' }, { pool6: 'fd00:9::/64' })
    assert.match(
      await host.refused('NetworkDriver.CreateNetwork', createOf(same)),
      /this host's Docker has a network of 10\.9\.0\.0\/24 in tenant blue already: see "docker network ls"$/,
    )
    await release(same)
    // Docker gives up what it never heard the end of: skeind was killed before it answered
    await release(taken)
    assert.deepEqual(facts(), [])
    const again = await ask({ tenant: 'blue' })
    await create(again)
    show('b', again)
    await assertLeads(again, await adopted('blue', 'b'), '10.9.0.7')
    const unknown = {
      ...(await ask({})),
      data: { IPv4Data: [{ AddressSpace: 'skein', Pool: subnet, Gateway: '10.9.0.0/1' }] },
    }
    assert.match(await host.refused('NetworkDriver.CreateNetwork', createOf(unknown)), /does not know the pool/)
  })

  it('of earlier versions go on: their handles say tenant and group', async () => {
    const blue = { id: newDockerId(), handle: `born|blue|${subnet}|10.9.0.0|db`, handle6: `6|born|blue|fd00:9::/64|db` }
    const open = { id: newDockerId(), handle: `born|default|${subnet}|10.9.0.0`, handle6: '' }
    const chosen = { id: newDockerId(), handle: `born|red|${range.text}|10.64.0.1`, handle6: '' }
    await host.peer.replica.local.set([
      [`docker/pool/${blue.handle}`, blue.id],
      [`docker/pool6/${blue.handle6}`, blue.id],
      [`docker/pool/${open.handle}`, ''],
      [`docker/pool/${chosen.handle}`, chosen.id],
    ])
    show('db.web', { ...blue, options: { tenant: 'blue', group: 'db' }, data: {} }, { subnet6: 'fd00:9::/64' })
    show('r', { ...chosen, options: { tenant: 'red' }, data: {} }, { subnet: range.text, gateway: '10.64.0.1' })
    const web = await adopted('blue', 'web')
    await adopted('red', 'r')
    const data = { IPv4Data: [{ AddressSpace: 'skein', Pool: subnet, Gateway: '10.9.0.0/24' }] }
    await create({ ...open, options: {}, data })
    show('d', { ...open, options: {}, data })
    await assertLeads(open, await adopted('default', 'd'), '10.9.0.7')
    await host.ok('IpamDriver.RequestAddress', { PoolID: blue.handle, Address: '10.9.0.9' })
    assert.deepEqual(host.ipam.held(web), [parseIp('10.9.0.9')])
    assert.equal(host.driver.pools.ipv6.poolOf(blue.handle6), host.driver.networks.poolOf(blue.id))
    await docker.rm('r')
    assert.deepEqual(
      facts().filter(([, value]) => value.startsWith(chosen.id)),
      [],
    )
  })

  it('are found again after the loss of all facts where they can be told apart; else that is said', async () => {
    const [blue, red] = [await ask({ tenant: 'blue' }), await ask({ tenant: 'red' }, { ipam: { tenant: 'red' } })]
    for (const [name, each] of Object.entries({ b: blue, r: red })) {
      await create(each)
      show(name, each)
    }
    const [b, r] = [await adopted('blue', 'b'), await adopted('red', 'r')]
    await loseFacts()
    start()
    await eventually('matched', () => host.driver.networks.dockerIds().length === 2)
    await assertLeads(red, r, '10.9.0.8')
    assert.match(
      await host.refused('IpamDriver.RequestAddress', { PoolID: blue.handle, Address: '' }),
      /lost its data, and cannot tell .*networks of 10\.9\.0\.0\/24 this is: remove it with "docker network rm", and create it again$/,
    )
    await docker.rm('r')
    await eventually('deleted', () => view().isDeleted(r))
    await assertLeads(blue, b, '10.9.0.9')
  })

  it('wait side by side, as many as can be told apart', async () => {
    for (let n = 0; n < 32; n++) await ask({})
    const refused = await host.refused('IpamDriver.RequestPool', { Pool: subnet, Options: null })
    assert.match(refused, /too many networks of 10\.9\.0\.0\/24 are being created at once: try again in a minute/)
    assert.equal(new Set(facts().map(([key]) => key.split('|')[3])).size, 32)
  })

  it('that nothing came of are forgotten after a minute, others never', async () => {
    const clock = createHandClock()
    const { local } = host.peer.replica
    const networks = createDockerNetworks(local)
    const pools = createBornPools({ local, networks, clock, range })
    const claimOf = (dockerId: string) => ({ dockerId, tenant: 'default' })
    const made = async () => pools.request({}, parseSubnet(subnet))
    const [idle, gone, listed, matched] = [await made(), await made(), await made(), await made()]
    const six = await pools.ipv6.facts.ask('fd00:9::/64', {})
    await pools.claim(gone, six, claimOf('gone'))
    await pools.claim(listed, undefined, { ...claimOf('listed'), tenant: 'blue' })
    await pools.claim(matched, undefined, { ...claimOf('matched'), tenant: 'red' })
    await networks.remember('matched', 'x')
    const sweep = () => pools.sweep(new Set(['listed']))
    await sweep()
    clock.pass(59_000)
    await sweep()
    assert.equal(facts().length, 5)
    clock.pass(1_000)
    await sweep()
    const left = [listed, matched].map(({ handle }) => `docker/pool/${handle}`)
    assert.deepEqual(
      facts().map(([key]) => key),
      left,
      idle.handle,
    )
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createGroupLeaves } from '../../../src/crdt/object-acts.ts'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { address6 } from '../../../src/model/ipv6.ts'
import { call, eventually, type Host, newDockerId, newHost, restartHost, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

const gatewayType = { RequestAddressType: 'com.docker.network.gateway' }
const generic = (options: Record<string, string>) => ({ 'com.docker.network.generic': options })

describe('docker driver: IPv6', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler

  const start = () => {
    reconciler = startReconciler(host, docker)
  }
  const view = () => host.peer.replica.view
  const named = (name: string) => view().networkByName('default', name)
  const appears = (name: string) => eventually(`${name} in Docker`, () => docker.byName(name) !== undefined)
  const say = async (method: string, body: object) => (await call(host.socketPath, method, body)).body
  const noConditions = () => assert.deepEqual(reconciler.conditions(), [])

  beforeEach(async () => {
    host = await newHost(true)
    docker = createMemoryDocker(() => host.socketPath)
    start()
    await eventually('first pass', () => reconciler.dockerIsUp())
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  describe('of a network of ours', () => {
    let id: string
    const pool = (request: object = {}) => ({ Options: { 'skein.id': id }, V6: true, ...request })

    beforeEach(async () => {
      id = await host.create('web', '10.6.0.0/24', 'default', { gateway: '10.6.0.254', subnet6: 'fd00:6::/64' })
      await appears('web')
    })

    it('is in Docker’s network, with a pool of its own that costs nothing', async () => {
      assert.deepEqual([docker.created[0]?.subnet6, docker.created[0]?.gateway6], ['fd00:6::/64', ''])
      const answer = await host.ok('IpamDriver.RequestPool', pool({ Pool: 'FD00:6:0::/64' }))
      const Data = { 'com.docker.network.gateway': 'fd00:6::/64' }
      assert.deepEqual(answer, { PoolID: `6|${id}`, Pool: 'fd00:6::/64', Data })
      const asked = { PoolID: `6|${id}`, Address: '', Options: gatewayType }
      assert.deepEqual(await host.ok('IpamDriver.RequestAddress', asked), { Address: 'fd00:6::/64', Data: {} })
      await host.ok('IpamDriver.ReleaseAddress', { PoolID: `6|${id}`, Address: 'fd00:6::' })
      await host.ok('IpamDriver.ReleasePool', { PoolID: `6|${id}` })
      assert.deepEqual(host.ipam.held(id), [])
    })

    it('gives each container the address that goes with its other one', async () => {
      for (const name of ['c1', 'c2', 'c3']) await docker.run('web', name)
      const { spec } = named('web') ?? assert.fail()
      for (const { ip } of view().endpoints(id)) {
        assert.equal(address6(spec, ip), `fd00:6::${(ip & 255).toString(16)}`)
      }
      assert.equal(view().endpoints(id).length, 3)
      noConditions()
    })

    it('refuses another prefix, another gateway, and a network without IPv6', async () => {
      const refused = (request: object) => host.refused('IpamDriver.RequestPool', pool(request))
      assert.match(await refused({ Pool: 'fd00:7::/64' }), /network web has the IPv6 subnet fd00:6::\/64/)
      assert.match(await refused({ Pool: 'fd00:7::1/64' }), /host bits set/)
      assert.match(await refused({ SubPool: 'fd00:6::/80' }), /leave out --ip-range/)
      const asked = { PoolID: `6|${id}`, Address: 'fd00:6::1', Options: gatewayType }
      assert.match(await host.refused('IpamDriver.RequestAddress', asked), /network web has no IPv6 gateway/)
      const IPv4Data = [{ AddressSpace: 'skein', Pool: '10.6.0.0/24', Gateway: '10.6.0.254/24' }]
      const create = (more: object) =>
        host.refused('NetworkDriver.CreateNetwork', {
          ...{ NetworkID: newDockerId(), Options: generic({ 'skein.id': id }), IPv4Data },
          ...more,
        })
      assert.match(await create({}), /network web has the IPv6 subnet fd00:6::\/64: add --ipv6 --subnet fd00:6::\/64/)
      const one = { AddressSpace: 'skein', Pool: 'fd00:6::/64', Gateway: 'fd00:6::/64' }
      assert.match(await create({ IPv6Data: [one, one] }), /one IPv6 subnet/)
      assert.match(await create({ IPv6Data: [{ ...one, AddressSpace: 'LocalDefault' }] }), /add --ipam-driver/)
      assert.match(await create({ IPv4Data: [], IPv6Data: [one] }), /leave out --ipv4=false/)
      const aux = [{ ...one, AuxAddresses: { printer: 'fd00:6::9' } }]
      assert.match(await create({ IPv6Data: aux }), /leave out --aux-address/)
    })

    it('refuses an address that does not go with the other one, and says which does', async () => {
      const ask = (address: string) =>
        host.refused('IpamDriver.RequestAddress', { PoolID: `6|${id}`, Address: address })
      assert.match(await ask(''), /start the container again/, 'no IPv4 address was given out yet')
      const { Address } = await host.ok('IpamDriver.RequestAddress', { PoolID: id, Address: '10.6.0.80' })
      assert.equal(Address, '10.6.0.80/24')
      assert.match(await ask('fd00:6::51'), /fd00:6::51 is the IPv6 address of 10\.6\.0\.81: add --ip 10\.6\.0\.81/)
      assert.match(await ask('fd00:6::1:50'), /cannot be used in this network: leave out --ip6/)
      assert.match(await ask('fd00:6::ff'), /cannot be used in this network/)
      const answer = await host.ok('IpamDriver.RequestAddress', { PoolID: `6|${id}`, Address: 'FD00:6:0::50' })
      assert.deepEqual(answer, { Address: 'fd00:6::50/64', Data: {} })
      const NetworkID = docker.byName('web')?.id
      const endpoint = (AddressIPv6: string) => ({
        ...{ NetworkID, EndpointID: newDockerId(), Options: {} },
        Interface: { Address: '10.6.0.80/24', AddressIPv6, MacAddress: '' },
      })
      for (const told of ['fd00:6::51/64', '', 'x']) {
        const refused = await host.refused('NetworkDriver.CreateEndpoint', endpoint(told))
        assert.match(refused, /10\.6\.0\.80 goes with the IPv6 address fd00:6::50/)
      }
      await host.ok('NetworkDriver.CreateEndpoint', endpoint('fd00:6::50/64'))
      assert.deepEqual(
        view()
          .endpoints(id)
          .map(({ ip }) => formatIp(ip)),
        ['10.6.0.80'],
      )
    })

    it('has each group’s Docker network give its own containers theirs', async () => {
      await host.peer.replica.write(({ objects }) =>
        createGroupLeaves(objects, { tenant: 'default', name: 'db', network: id, pool: '' }, {}),
      )
      await appears('db.web')
      assert.equal(docker.byName('db.web')?.subnet6, 'fd00:6::/64')
      const made = docker.created.map(({ options }) => options['skein.group.id']).find(Boolean)
      const first = await host.ok('IpamDriver.RequestAddress', { PoolID: id, Address: '10.6.0.10' })
      await host.ok('IpamDriver.RequestAddress', { PoolID: `${id}/${made}`, Address: '10.6.0.11' })
      const ofNetwork = await host.ok('IpamDriver.RequestAddress', { PoolID: `6|${id}`, Address: '' })
      assert.deepEqual([first.Address, ofNetwork.Address], ['10.6.0.10/24', 'fd00:6::a/64'])
      const ofGroup = await host.ok('IpamDriver.RequestAddress', { PoolID: `6|${id}/${made}`, Address: '' })
      assert.equal(ofGroup.Address, 'fd00:6::b/64')
    })
  })

  describe('of a network born in Docker', () => {
    const dual = { subnet: '10.6.0.0/24', subnet6: 'fd00:6::/64' }

    it('is its own, and containers start at once, also after this peer was restarted', async () => {
      await docker.create('web', dual)
      await docker.run('web', 'c1')
      assert.equal(named('web')?.spec.subnet6, 'fd00:6::/64')
      await reconciler.stop()
      host = await restartHost(host)
      start()
      await docker.run('web', 'c2')
      assert.equal(view().endpoints(named('web')?.id ?? '').length, 2)
      noConditions()
      await docker.kill('c1')
      await docker.kill('c2')
      await docker.rm('web')
      await eventually('it is gone', () => named('web') === undefined)
      assert.deepEqual(host.peer.replica.local.entries('docker/pool6/'), [])
    })

    it('has the gateways that the user chose', async () => {
      await docker.create('web', { ...dual, gateway: '10.6.0.1', gateway6: 'fd00:6::1' })
      await eventually('adopted', () => named('web') !== undefined)
      assert.deepEqual([named('web')?.spec.gateway, named('web')?.spec.gateway6], ['10.6.0.1', 'fd00:6::1'])
    })

    it('may leave the IPv4 subnet to Skein', async () => {
      await docker.create('web', { subnet6: 'fd00:6::/120' })
      await docker.run('web', 'c1')
      const { spec } = named('web') ?? assert.fail()
      assert.deepEqual([spec.subnet.length, spec.subnet6], [24, 'fd00:6::/120'])
      noConditions()
    })

    it('is refused at once if it cannot be, and leaves no handle behind', async () => {
      await host.create('old', '10.8.0.0/24', 'default', { subnet6: 'fd00:8::/64' })
      await appears('old')
      const refused = (wanted: object, why: RegExp) => assert.rejects(docker.create('web', { ...dual, ...wanted }), why)
      await refused({ subnet6: 'fd00:8::/60' }, /network old conflicts with subnetv6 fd00:8::\/60: it has fd00:8::\/64/)
      await refused({ subnet6: 'fd00:6::/122' }, /length of 48 to 120/)
      await refused({ gateway6: 'fd00:7::1' }, /gateway fd00:7::1 is not in fd00:6::\/64/)
      await refused({ gateway6: 'fd00:6::1' }, /add --gateway=10\.6\.0\.254/)
      const none = await say('IpamDriver.RequestPool', { Pool: '', V6: true, Options: {} })
      assert.match(String(none.Err), /add --subnet fd00:6::\/64, or leave out --ipv6/)
      assert.equal(named('web'), undefined)
      await docker.create('web', dual)
      await eventually('adopted', () => named('web') !== undefined)
    })

    it('is the one that exists only if it has the same prefix', async () => {
      await host.create('web', '10.6.0.0/24', 'default', { subnet6: 'fd00:6::/64' })
      await appears('web')
      await docker.create('web.copy', { subnet: '10.9.0.0/24', subnet6: 'fd00:9::/64' })
      await eventually('adopted', () => named('web.copy') !== undefined)
      const group = { group: 'db', subnet: '10.6.0.0/24' }
      await docker.create('db.web', group)
      await eventually('refused', () =>
        reconciler
          .conditions()
          .some(({ text }) => /db\.web .*other parameters \(subnet 10\.6\.0\.0\/24 and fd00:6::\/64\)/.test(text)),
      )
      await eventually('removed', () => docker.byName('db.web') === undefined)
      await docker.create('db.web', { ...group, subnet6: 'fd00:6::/64' })
      const place = await docker.run('db.web', 'c1')
      assert.match(place.address, /^10\.6\.0\./)
    })
  })
})

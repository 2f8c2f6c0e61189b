import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createEndpointPass } from '../../../src/driver/endpoint-pass.ts'
import { createIpam } from '../../../src/ipam/create.ts'
import type { Ipam } from '../../../src/ipam/ipam.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { PushedClock } from '../ipam/fixture.ts'
import { eventually, type Host, newHost } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker } from './memory-docker.ts'

describe('endpoint pass', () => {
  let host: Host
  let docker: MemoryDocker
  let clock: PushedClock
  let ipam: Ipam
  let network: string

  beforeEach(async () => {
    host = await newHost(false)
    docker = createMemoryDocker(() => host.socketPath)
    clock = new PushedClock()
    const { replica, mesh, signer } = host.peer
    ipam = createIpam({ replica, transport: mesh, signer, clock, log: silentLogger, random: Math.random })
    ipam.start()
    network = await host.create('web', '10.1.2.0/24')
    const { id } = docker.put({ name: 'web', driver: 'mesh', options: { 'skein.id': network } })
    await host.driver.networks.remember(id, network)
  })
  afterEach(async () => {
    await ipam.stop()
    await host.stop()
  })

  const pass = () => {
    const { datapath, driver, peer } = host
    const { networks, state } = driver
    const shared = { replica: peer.replica, ipam, datapath, docker, networks, state, log: silentLogger }
    return createEndpointPass({ ...shared, orphanAfterMs: 30_000 }).run()
  }

  it('ends the claim of a container that went before it was on record, and whose address nobody gave back', async () => {
    const { replica } = host.peer
    const write = replica.write.bind(replica)
    replica.write = async () => {
      throw new SkeinError('unavailable', 'this host has joined and has not heard from its mesh yet')
    }
    docker.putContainer('web', 'gone', '10.1.2.1')
    const kept = docker.putContainer('web', 'kept', '10.1.2.2')
    await assert.rejects(pass(), { code: 'unavailable' })
    assert.equal(ipam.held(network).length, 2)
    await docker.kill('gone', false)
    await assert.rejects(pass(), { code: 'unavailable' })
    replica.write = write
    await pass()
    const shown = () => replica.view.endpoints(network).map(endpoint => endpoint.id)
    assert.deepEqual([shown(), ipam.held(network).length], [[kept.endpointId], 2])
    clock.advance(80_000)
    await eventually('its address is free', () => ipam.held(network).length === 1)
    clock.advance(3_600_000)
    await pass()
    assert.equal(ipam.held(network).length, 1)
  })

  it('ends the claim of one that Docker deleted, and whose address it died before giving back', async () => {
    const place = docker.putContainer('web', 'c1', '10.1.2.1')
    await pass()
    assert.equal(host.peer.replica.view.endpoints(network).length, 1)
    await host.ok('NetworkDriver.DeleteEndpoint', { NetworkID: place.networkId, EndpointID: place.endpointId })
    // the list may be older than that: it shows the container still
    await pass()
    assert.equal(ipam.held(network).length, 1)
    clock.advance(80_000)
    await eventually('its address is free', () => ipam.held(network).length === 0)
  })
})

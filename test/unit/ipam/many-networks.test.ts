import assert from 'node:assert/strict'
import { after, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { decodeRequest, donationProtocol } from '../../../src/ipam/core/want.ts'
import type { IpamDeps } from '../../../src/ipam/create.ts'
import { checkNetwork, type NetworkId } from '../../../src/model/network.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { agree, allSettled, type Host, ownBlocks, withIpam } from './fixture.ts'

const count = 1000
/** Networks in one batch. */
const perWrite = 250
/** Of a host that is topped up twice: each other one is asked before the first address, and one in the background (asker.ts). */
const mostRequests = 2 + 1

describe('ipam: 1,000 networks over three hosts', function () {
  this.timeout(120_000)
  const hub = new MemoryHub()
  const hosts: Host[] = []
  after(() => Promise.all(hosts.map(host => host.stop())))

  /** Requests for addresses, by network. */
  const asked = new Map<NetworkId, number>()

  function withCount(peer: MemoryPeer): Host {
    const { mesh } = peer
    const transport: IpamDeps['transport'] = {
      connected: () => mesh.connected(),
      handle: (protocol, handler) => mesh.handle(protocol, handler),
      request(to, protocol, bytes, timeoutMs) {
        if (protocol === donationProtocol) {
          const { network } = decodeRequest(bytes)
          asked.set(network, (asked.get(network) ?? 0) + 1)
        }
        return mesh.request(to, protocol, bytes, timeoutMs)
      },
    }
    return withIpam(peer, { transport })
  }

  /** The first host alone has networks with 32 blocks of two addresses, and uses each; the others join and own nothing. */
  async function begin(): Promise<[Host, Host, Host]> {
    const founder = await foundPeer(hub, 'host1')
    for (let at = 0; at < count; at += perWrite) {
      await founder.replica.write(view =>
        Array.from({ length: perWrite }, (_, i) => at + i).flatMap(i => {
          const [tenant, name] = ['default', `n${i}`]
          const spec = checkNetwork({ tenant, name, subnet: `10.${i >> 8}.${i & 255}.0/26` })
          return createNetworkLeaves(view, { tenant, name, spec })
        }),
      )
    }
    const peers = [founder]
    for (const name of ['host2', 'host3']) {
      peers.push(await joinPeer(hub, name, founder))
      await allSettled(peers)
    }
    hosts.push(...peers.map(withCount))
    const [one, two, three] = hosts as [Host, Host, Host]
    for (const { id } of one.replica.view.networks()) await one.ipam.allocate(id)
    one.clock.advance(1000) // what it has is known: the others ask it first
    const isKnown = (host: Host) =>
      host.replica.view.networks().every(({ id }) => host.replica.view.freeHint(id, one.signer.key) !== undefined)
    await eventually(() => isKnown(two) && isKnown(three))
    await agree(hosts)
    return [one, two, three]
  }

  it('every host is topped up in each, nobody owns what another does, and each time costs the same', async () => {
    const [one, ...others] = await begin()
    const { view } = one.replica
    const networks = view.networks().map(({ id }) => id)
    assert.equal(networks.length, count)
    const before = new Map(hosts.map(host => [host, host.replica.view.held(host.signer.key)]))
    const use = async (host: Host) => {
      for (const id of networks) await host.ipam.allocate(id)
    }
    await Promise.all(others.map(use))
    // a block before the first address, and one more in the background: half a block is left of the first
    const gifts = 2 * others.length
    const hasAll = ({ replica }: Host) => networks.every(id => replica.view.touchedBlocks(id).length === gifts)
    await eventually(() => hosts.every(hasAll), 30_000)

    for (const id of networks) {
      const owned = hosts.map(host => ownBlocks(host, id))
      const all = view.blockCount(id)
      assert.deepEqual(
        [all - gifts, 2, 2],
        owned.map(blocks => blocks.length),
      )
      assert.equal(new Set(owned.flat()).size, all)
      const held = hosts.flatMap(host => host.ipam.held(id))
      assert.equal(new Set(held).size, hosts.length)
    }

    for (const host of others) host.clock.advance(1000)
    await agree(hosts)
    // each time one transfer by who gave, and a hint at most by who got it: however many networks there are besides
    const wrote = (host: Host) => host.replica.view.held(host.signer.key) - (before.get(host) ?? 0)
    assert.equal(wrote(one), gifts * count)
    for (const host of others) assert.ok(wrote(host) <= 2 * count, `${wrote(host)} records of ${host.name}`)
    for (const id of networks) {
      const requests = asked.get(id) ?? 0
      assert.ok(requests <= mostRequests * others.length, `${requests} requests for ${id}`)
    }
  })
})

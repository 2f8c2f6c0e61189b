import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { leaveMesh } from '../../../src/agent/leaving.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { createWeb, type Host, meshOf } from '../ipam/fixture.ts'

describe('agent: leaving the mesh', () => {
  let hub: MemoryHub
  let hosts: Host[]

  beforeEach(async () => {
    hub = new MemoryHub()
    hosts = await meshOf(hub, 3)
  })
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  const at = (index: number): Host => hosts[index] ?? assert.fail()

  it('I1: an address that is given while the others are handed over keeps the host in', async () => {
    const id = await createWeb(hosts, '10.1.0.0/24')
    const { ipam, replica, leaving } = at(2)
    let ip = 0
    const drain = async (limitMs: number) => {
      const drained = await ipam.drain(limitMs)
      ip = await ipam.allocate(id)
      return drained
    }
    const left = leaveMesh({
      replica,
      leaving,
      ipam: Object.assign(Object.create(ipam), { drain, held: ipam.held.bind(ipam) }),
    })
    await assert.rejects(left, { code: 'conflict', message: /stop or disconnect them, see skein ps, then leave again/ })
    assert.equal(at(2).replica.removedBy, undefined)
    await at(2).ipam.release(id, ip)
    await leaveMesh(at(2))
    assert.equal(at(0).replica.view.member(at(2).signer.key), undefined)
  })

  it('R7: none is given from the moment in which it is fenced', async () => {
    const id = await createWeb(hosts, '10.1.0.0/24')
    const left = leaveMesh(at(2))
    await at(2).replica.waitFor(() => at(2).replica.removedBy !== undefined, 5000)
    await assert.rejects(at(2).ipam.allocate(id), { code: 'forbidden', message: /this host is leaving its mesh/ })
    await left
  })

  it('has nothing to leave when it is alone', async () => {
    await leaveMesh(at(1))
    await leaveMesh(at(2))
    await assert.rejects(leaveMesh(at(0)), { code: 'conflict', message: /alone in its mesh/ })
  })
})

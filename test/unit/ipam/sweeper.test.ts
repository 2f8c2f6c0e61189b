import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { attach, createWeb, type Host, ipOf, meshOf, restarted } from './fixture.ts'

describe('ipam: claims end with their containers', () => {
  let hosts: Host[] = []
  const one = async (): Promise<Host> => {
    hosts = await meshOf(new MemoryHub(), 1)
    return hosts[0] as Host
  }
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  /** The sweeper looks while time passes; what it writes down takes some turns. */
  const pass = async (host: Host, ms: number) => {
    for (let leftMs = ms; leftMs > 0; leftMs -= 10_000) {
      host.clock.advance(Math.min(leftMs, 10_000))
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  it('takes back what was claimed for a container that Docker shows no more, and that is not on record', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const [gone, runs, recorded] = [ipOf('10.1.2.1'), ipOf('10.1.2.2'), ipOf('10.1.2.3')]
    for (const ip of [gone, runs, recorded]) await host.ipam.claim(web, ip)
    await attach(host, web, recorded)
    host.ipam.noteRunning([{ network: web, ip: runs }])
    await pass(host, 50_000)
    assert.deepEqual(host.ipam.held(web), [gone, runs, recorded])
    await pass(host, 30_000)
    await eventually(() => host.ipam.held(web).length === 2)
    await pass(host, 3_600_000)
    assert.deepEqual(host.ipam.held(web), [runs, recorded])
  })

  it('R7: what it takes back so cools down like what Docker gave back', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const gone = ipOf('10.1.2.1')
    await host.ipam.claim(web, gone)
    host.ipam.noteRunning([])
    await pass(host, 80_000)
    await eventually(() => host.ipam.held(web).length === 0)
    assert.match(host.replica.local.entries('ipam/')[0]?.[1] ?? '', /^freed /)
  })

  it('keeps what a list misses for a moment, and what an earlier run of the process had claimed (R5)', async () => {
    const hub = new MemoryHub()
    hosts = await meshOf(hub, 1)
    const before = hosts[0] as Host
    const web = await createWeb([before], '10.1.2.0/24')
    const running = { network: web, ip: ipOf('10.1.2.1') }
    await before.ipam.claim(web, running.ip)
    before.ipam.noteRunning([])
    await pass(before, 40_000)
    before.ipam.noteRunning([running])
    await pass(before, 3_600_000)
    assert.deepEqual(before.ipam.held(web), [running.ip])
    const after = await restarted(hub, before)
    hosts = [after]
    after.ipam.noteRunning([running])
    await pass(after, 3_600_000)
    assert.deepEqual(after.ipam.held(web), [running.ip])
  })

  it('leaves what Docker asked for and has not used yet its time: that is nobody’s claim', async () => {
    const host = await one()
    const web = await createWeb([host], '10.1.2.0/24')
    const asked = await host.ipam.allocate(web)
    await pass(host, 40_000)
    host.ipam.noteRunning([])
    await pass(host, 40_000)
    await eventually(() => !host.ipam.held(web).includes(asked))
  })
})

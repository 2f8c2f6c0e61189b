import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { createGroupLeaves, removeGroupLeaves } from '../../../src/crdt/object-acts.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { agree, attach, createWeb, type Host, ipOf, meshOf, restarted } from './fixture.ts'

describe('ipam: groups', () => {
  const hub = new MemoryHub()
  let hosts: Host[] = []
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  async function mesh(count: number, subnet: string) {
    hosts = await meshOf(hub, count)
    const [host] = hosts
    assert.ok(host)
    return { host, web: await createWeb(hosts, subnet) }
  }

  async function group(host: Host, network: string, name: string, pool = ''): Promise<string> {
    await host.replica.write(view => createGroupLeaves(view.objects, { tenant: 'default', name, network, pool }, {}))
    await agree(hosts)
    return host.replica.view.objects.groupByName('default', name)?.id ?? ''
  }

  it('with a pool get addresses of it, and nobody else does', async () => {
    const { host, web } = await mesh(1, '10.1.2.0/28')
    const db = await group(host, web, 'db', '10.1.2.1-10.1.2.3')
    const app = await group(host, web, 'app')
    const take = async (of?: string) => formatIp(await host.ipam.allocate(web, undefined, of))
    assert.deepEqual([await take(), await take(app)], ['10.1.2.4', '10.1.2.5'])
    assert.deepEqual([await take(db), await take(db), await take(db)], ['10.1.2.1', '10.1.2.2', '10.1.2.3'])
    await assert.rejects(host.ipam.allocate(web, undefined, db), {
      code: 'exhausted',
      message: /^no free address in pool 10\.1\.2\.1-10\.1\.2\.3 of default\/web on host1: all are in use/,
    })
    await host.ipam.release(web, ipOf('10.1.2.2'))
    assert.equal(await take(), '10.1.2.6')
    assert.equal(await take(db), '10.1.2.2')
  })

  it('may be asked for an address of their pool, and others for none of it', async () => {
    const { host, web } = await mesh(1, '10.1.2.0/28')
    const db = await group(host, web, 'db', '10.1.2.1-10.1.2.3')
    await assert.rejects(host.ipam.allocate(web, ipOf('10.1.2.2')), {
      code: 'conflict',
      message: /10\.1\.2\.2 of default\/web is kept for group db \(10\.1\.2\.1-10\.1\.2\.3\)/,
    })
    await assert.rejects(host.ipam.allocate(web, ipOf('10.1.2.9'), db), {
      code: 'invalid',
      message: /is not in the pool of group db: choose one from 10\.1\.2\.1-10\.1\.2\.3/,
    })
    assert.equal(await host.ipam.allocate(web, ipOf('10.1.2.2'), db), ipOf('10.1.2.2'))
  })

  it('leave their addresses to the others when they are deleted', async () => {
    const { host, web } = await mesh(1, '10.1.2.0/29')
    const db = await group(host, web, 'db', '10.1.2.1-10.1.2.5')
    assert.equal(await host.ipam.allocate(web), ipOf('10.1.2.6'))
    await assert.rejects(host.ipam.allocate(web), { code: 'exhausted' })
    await host.replica.write(view => {
      const found = view.objects.group(db)
      return found ? removeGroupLeaves(view.objects, found) : []
    })
    assert.equal(await host.ipam.allocate(web), ipOf('10.1.2.1'))
  })

  it('get what other hosts own of their pool, one by one, down to the last', async () => {
    const { host, web } = await mesh(3, '10.1.2.0/26')
    const db = await group(host, web, 'db', '10.1.2.20-10.1.2.29')
    const got: number[] = []
    for (let i = 0; i < 10; i++) {
      const ip = await host.ipam.allocate(web, undefined, db)
      await attach(host, web, ip)
      got.push(ip)
    }
    assert.deepEqual(
      got.sort(),
      Array.from({ length: 10 }, (_, i) => ipOf('10.1.2.20') + i),
    )
    await agree(hosts)
    await assert.rejects((hosts[1] as Host).ipam.allocate(web, undefined, db), { code: 'exhausted' })
  })

  it('R7: get no address of another group before it has cooled down, nor does a container without one', async () => {
    const { host, web } = await mesh(1, '10.1.2.0/30')
    const [db, app] = [await group(host, web, 'db'), await group(host, web, 'app')]
    const first = await host.ipam.allocate(web, undefined, db)
    await host.ipam.allocate(web, undefined, db)
    await host.ipam.release(web, first)
    for (const other of [app, undefined]) {
      await assert.rejects(host.ipam.allocate(web, undefined, other), {
        message: /was another group's or host's lately: try again in 30 s/,
      })
      await assert.rejects(host.ipam.allocate(web, first, other), { message: /was another group's or host's lately/ })
    }
    assert.equal(await host.ipam.allocate(web, undefined, db), first)
    await host.ipam.release(web, first)
    host.clock.advance(30_001)
    assert.equal(await host.ipam.allocate(web, undefined, app), first)
  })

  it('R7: remember over a restart whose a freed address was, also when the group is gone', async () => {
    const { host, web } = await mesh(1, '10.1.2.0/30')
    const db = await group(host, web, 'db')
    const ips = [await host.ipam.allocate(web, undefined, db), await host.ipam.allocate(web, undefined, db)]
    await host.ipam.release(web, ips[0] ?? 0)
    await host.ipam.release(web, ips[1] ?? 0)
    const again = await restarted(hub, host)
    hosts = [again]
    await assert.rejects(again.ipam.allocate(web), { message: /was another group's or host's lately/ })
    assert.equal(await again.ipam.allocate(web, undefined, db), ips[0], 'its own group may have it at once')
    await again.replica.write(view => {
      const found = view.objects.group(db)
      return found ? removeGroupLeaves(view.objects, found) : []
    })
    await assert.rejects(again.ipam.allocate(web), { message: /was another group's or host's lately/ })
    again.clock.advance(30_001)
    assert.equal(await again.ipam.allocate(web), ips[1])
  })
})

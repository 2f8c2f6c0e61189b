import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { vxlanName } from '../../../src/datapath/names.ts'
import { eventually } from '../../support/eventually.ts'
import { type Host, Lab, startMesh } from './lab.ts'

describe('datapath: forwarding entries are where containers send from', function () {
  this.timeout(60_000)
  const lab = new Lab()
  let one: Host
  let two: Host
  let web = ''
  let idle = ''

  /** Addresses that the host's kernel knows on the network, of other hosts' containers. */
  const known = async (host: Host, network: string) => {
    const text = await host.exec('ip', '-n', 'skein-default', 'neigh', 'show', 'dev', vxlanName(network))
    return text
      .split('\n')
      .filter(line => line.includes('PERMANENT'))
      .map(line => line.split(' ')[0])
      .sort()
  }
  const unicast = async (host: Host, network: string) => {
    const text = await host.exec('bridge', '-n', 'skein-default', 'fdb', 'show', 'dev', vxlanName(network))
    return text.split('\n').filter(line => line.startsWith('02:02:')).length
  }

  before(async () => {
    await lab.up(2)
    ;[one, two] = lab.hosts as [Host, Host]
    await startMesh(lab.hosts)
    web = await one.ask('create', 'default', 'web', 0)
    idle = await one.ask('create', 'default', 'idle', 0)
    await eventually(() => two.ask('knows', idle))
    for (const host of lab.hosts) for (const network of [web, idle]) await host.ask('ensure', network)
    await one.container(web, 'c1', '10.1.1.11')
    await one.container(idle, 'i1', '10.1.1.11')
    await eventually(async () => (await two.ask('endpoints', idle)) === 1)
  })
  after(() => lab.down())

  it('has none on a host that has no container there', async () => {
    await two.ask('ensure', web)
    assert.deepEqual(await known(two, web), [])
    assert.equal(await unicast(two, web), 0)
  })

  it('has all of them before the first container there can send, of its network alone', async () => {
    await two.container(web, 'c2', '10.1.1.12')
    assert.deepEqual(await known(two, web), ['10.1.1.11'])
    assert.ok(await two.pings('c2', '10.1.1.11', 3))
    assert.deepEqual(await known(two, idle), [])
  })

  it('follows changes from then on', async () => {
    await one.container(web, 'c3', '10.1.1.13')
    await eventually(() => two.pings('c2', '10.1.1.13'))
    assert.deepEqual(await known(two, web), ['10.1.1.11', '10.1.1.13'])
  })

  it('keeps them when its peer starts again', async () => {
    await two.killPeer()
    await two.startPeer()
    await eventually(async () => (await two.ask('status')).lastCompareMs !== undefined)
    assert.deepEqual(await known(two, web), ['10.1.1.11', '10.1.1.13'])
  })

  it('lets go of them at the next comparison after the last container left, and has them again with the next', async () => {
    const { repaired } = await two.ask('status')
    await two.ask('write', { kind: 'endpoint-rm', id: 'host2-c2', network: web })
    await two.ask('detach', web, 'host2-c2')
    await two.ask('ensure', web)
    assert.deepEqual(await known(two, web), [])
    assert.equal(await unicast(two, web), 0)
    assert.equal((await two.ask('status')).repaired, repaired)
    await two.container(web, 'c4', '10.1.1.14')
    assert.deepEqual(await known(two, web), ['10.1.1.11', '10.1.1.13'])
    assert.ok(await two.pings('c4', '10.1.1.11', 3))
  })

  it('has those of networks that a container is routed to, on both hosts, though none of its own is there', async () => {
    const app = await one.ask('create', 'default', 'app', 0, '10.1.3.0/24', '10.1.3.1')
    const data = await one.ask('create', 'default', 'data', 0, '10.1.4.0/24', '10.1.4.1')
    await eventually(() => two.ask('knows', data))
    for (const host of lab.hosts) for (const network of [app, data]) await host.ask('ensure', network)
    await one.container(app, 'a1', '10.1.3.11')
    assert.deepEqual(await known(two, app), [], 'plain networks alone are used there')
    await eventually(async () => (await two.ask('endpoints', app)) === 1)
    await two.container(data, 'd2', '10.1.4.12')
    assert.deepEqual(await known(two, app), ['10.1.3.11'])
    await eventually(() => two.pings('d2', '10.1.3.11', 3))
    assert.deepEqual(await known(one, data), ['10.1.4.12'])
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { bridgeName, vxlanName } from '../../../src/datapath/names.ts'
import { eventually } from '../../support/eventually.ts'
import { type Host, Lab, startMesh } from './lab.ts'

describe('datapath: a peer that stops, dies and comes back', function () {
  this.timeout(60_000)
  const lab = new Lab()
  let one: Host
  let two: Host
  let web = ''

  const devices = () => one.exec('ip', '-n', 'skein-default', '-o', 'link', 'show')
  const entries = () => one.exec('bridge', '-n', 'skein-default', 'fdb', 'show', 'dev', vxlanName(web))
  const compared = () => eventually(async () => (await one.ask('status')).lastCompareMs !== undefined, 5000)
  /** Pings from c1 all through `during`; fails if one echo was lost. */
  const unbroken = async (ip: string, during: () => Promise<void>) => {
    const child = one.spawn('ip', 'netns', 'exec', 'c1', 'ping', '-n', '-i', '0.02', ip)
    let text = ''
    child.stdout?.on('data', chunk => {
      text += chunk
    })
    const closed = new Promise(resolve => child.on('close', resolve))
    try {
      // one that is ended before it has begun says nothing
      await eventually(() => /bytes from/.test(text))
      await during()
    } finally {
      child.kill('SIGINT')
      await closed
    }
    assert.match(text, / 0% packet loss/)
  }

  before(async () => {
    await lab.up(2)
    ;[one, two] = lab.hosts as [Host, Host]
    await startMesh(lab.hosts)
    web = await one.ask('create', 'default', 'web', 0)
    await eventually(() => two.ask('knows', web))
    for (const host of lab.hosts) await host.ask('ensure', web)
    await one.container(web, 'c1', '10.1.1.11')
    await two.container(web, 'c2', '10.1.1.12')
    await eventually(() => one.pings('c1', '10.1.1.12'))
  })
  after(() => lab.down())

  it('stops leaving the kernel as it is and no process behind', async () => {
    const before = [await devices(), await entries()]
    await unbroken('10.1.1.12', () => one.ask('stop'))
    assert.deepEqual([await devices(), await entries()], before)
    assert.equal(await one.exec('ip', 'netns', 'pids', 'skein-default'), '')
  })

  it('takes over what is there without touching it', async () => {
    await one.killPeer()
    const before = [await devices(), await entries()]
    await unbroken('10.1.1.12', async () => {
      await one.startPeer()
      await compared()
    })
    assert.deepEqual([await devices(), await entries()], before)
    const { repaired, errors } = await one.ask('status')
    assert.deepEqual([repaired, errors], [0, []])
  })

  it('catches up on what happened while it was dead', async () => {
    await one.killPeer()
    await two.container(web, 'c3', '10.1.1.13')
    await two.ask('write', { kind: 'endpoint-rm', id: 'host2-c2', network: web })
    await one.startPeer()
    await eventually(() => one.pings('c1', '10.1.1.13'))
    await eventually(async () => !(await entries()).includes('02:02:0a:01:01:0c'))
    assert.ok(!(await one.exec('ip', '-n', 'skein-default', 'neigh')).includes('10.1.1.12'))
  })

  it('puts right what someone changed in the kernel', async () => {
    await one.exec('bridge', '-n', 'skein-default', 'fdb', 'del', '02:02:0a:01:01:0d', 'dev', vxlanName(web), 'self')
    await one.exec('ip', '-n', 'skein-default', 'link', 'set', bridgeName(web), 'address', '06:00:00:00:00:99')
    await one.exec(
      'ip',
      '-n',
      'skein-default',
      'neigh',
      'add',
      '10.1.1.77',
      'lladdr',
      '02:02:0a:01:01:4d',
      'dev',
      vxlanName(web),
    )
    const before = (await one.ask('status')).repaired
    await one.ask('ensure', web)
    assert.ok((await entries()).includes('02:02:0a:01:01:0d dst 192.168.2.12'))
    assert.ok((await devices()).includes(web.slice(0, 10).match(/../g)?.join(':') ?? '-'))
    assert.ok(!(await one.exec('ip', '-n', 'skein-default', 'neigh')).includes('10.1.1.77'))
    assert.equal((await one.ask('status')).repaired, before, 'counts comparisons only')
  })

  it('I5: with an empty data directory it removes nothing, and explains what it finds once it is told', async () => {
    await one.killPeer()
    await one.exec(
      'ip',
      '-n',
      'skein-default',
      'neigh',
      'add',
      '10.1.1.78',
      'lladdr',
      '02:02:0a:01:01:4e',
      'dev',
      vxlanName(web),
    )
    await one.exec('ip', 'netns', 'add', 'skein-unknown')
    await one.exec('ip', '-n', 'skein-unknown', 'link', 'add', 'name', vxlanName('0'.repeat(64)), 'type', 'bridge')
    const before = [await devices(), await entries()]
    await unbroken('10.1.1.13', async () => {
      await one.startPeer({ fresh: true })
      await compared()
      assert.deepEqual([await devices(), await entries()], before)
      await one.killPeer()
      const invitation = await two.ask('invite')
      await one.startPeer({ fresh: true, invitation })
      await eventually(() => one.ask('knows', web))
      await one.ask('ensure', web)
    })
    assert.deepEqual([await devices(), await entries()], before)
    assert.ok((await one.exec('ip', '-n', 'skein-default', 'neigh')).includes('10.1.1.78'), 'nothing proves it stale')
    await one.exec('ip', '-n', 'skein-unknown', 'link', 'show', vxlanName('0'.repeat(64)))
    const own = (await one.ask('vteps', web)).filter(vtep => vtep.address === one.address)
    assert.equal(
      new Set(own.map(vtep => vtep.vni)).size,
      1,
      'the new incarnation receives on the VNI that others send to',
    )
    assert.deepEqual((await one.ask('status')).errors, [])
  })
})

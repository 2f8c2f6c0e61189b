import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { eventually } from '../../support/eventually.ts'
import { type Host, Lab, startMesh } from './lab.ts'

describe('datapath: the probe between two hosts', function () {
  this.timeout(60_000)
  const lab = new Lab()
  let one: Host
  let two: Host

  const silent = async (host: Host) => (await host.ask('status')).unreachable.length
  const device = (host: Host) => host.exec('ip', '-n', 'skein_probe', '-o', '-d', 'link', 'show', 'dev', 'skp0')
  /** What the kernel knows of the other host's answers: `REACHABLE` after a round. */
  const answers = (host: Host) => host.exec('ip', '-n', 'skein_probe', '-4', 'neigh', 'show', 'dev', 'skp0')
  const probed = (host: Host) => eventually(async () => (await answers(host)).includes('REACHABLE'), 20_000)

  before(async () => {
    await lab.up(2)
    ;[one, two] = lab.hosts as [Host, Host]
    await startMesh(lab.hosts)
  })
  after(() => lab.down())

  it('asks and answers in a namespace of its own, a few frames a round, to the member alone', async () => {
    const frames = await lab.underlay(async () => {
      await Promise.all([probed(one), probed(two)])
    }, 'probes')
    const requests = frames.filter(line => line.includes('who-has'))
    // three tries per host at most, before the other was there too
    assert.ok(requests.length >= 1 && requests.length <= 12, frames.join('\n'))
    for (const line of requests) assert.match(line, /Request who-has 192\.168\.2\.1[12] .*tell 0\.0\.0\.0/)
    assert.ok(!(await one.exec('ip', '-o', 'link', 'show')).includes('skp0'))
    // on a busy machine the slower one may count the other's start for a round
    await eventually(async () => (await silent(one)) === 0 && (await silent(two)) === 0, 20_000)
  })

  it('is answered by a host whose skeind was killed, and I5: the next takes the device over', async () => {
    const before = await device(two)
    await two.killPeer()
    await one.exec('ip', '-n', 'skein_probe', 'neigh', 'flush', 'dev', 'skp0')
    await probed(one)
    await two.startPeer()
    await probed(two)
    assert.equal(await device(two), before)
  })

  it('tells of frames that are lost in one direction, on both hosts, and of the path that is there again', async () => {
    await one.exec('nft', 'add table inet deaf; add chain inet deaf in { type filter hook input priority -500; }')
    await one.exec('nft', 'add rule inet deaf in udp dport 7374 drop')
    await eventually(async () => (await silent(one)) === 1 && (await silent(two)) === 1, 30_000)
    await one.exec('nft', 'delete table inet deaf')
    await eventually(async () => (await silent(one)) === 0 && (await silent(two)) === 0, 20_000)
  })
})

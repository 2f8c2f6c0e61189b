import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { PeerJson, StatusJson } from '../../../src/api/types.ts'
import { eventually } from '../../support/eventually.ts'
import { joinPeer } from '../../support/memory-peer.ts'
import type { Outcome as CliOutcome } from '../cli/fixture.ts'
import { type Answer, depsOf, startTestApi } from './fixture.ts'
import { Hosts } from './hosts.ts'

describe('api and cli: skein peer rm', () => {
  let hosts: Hosts
  beforeEach(async () => {
    hosts = await Hosts.start()
  })
  afterEach(() => hosts.stop())

  it('takes a host out, and says so in peer ls, as JSON too, and in status', async () => {
    await hosts.kill(4)
    const { code, stdout, stderr } = await hosts.rm(1, 'host4', '--host-is-down')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^host4: (leaving(: waits for (host2, )?host3)?|removed)\n$/)
    await hosts.decided('effective')
    for (const n of [1, 2, 3]) {
      assert.match((await hosts.skein(n, 'peer', 'ls')).stdout, /^host4 +\S+ +removed +host4:7373 +host1 +no$/m)
      const peers = JSON.parse((await hosts.skein(n, 'peer', 'ls', '--json')).stdout) as PeerJson[]
      assert.deepEqual(peers.find(peer => peer.name === 'host4')?.removal, {
        ...{ state: 'removed', startedOn: 'host1', waitingFor: [] },
      })
      const status = JSON.parse((await hosts.skein(n, 'status', '--json')).stdout) as StatusJson
      assert.deepEqual([status.members.length, status.conditions], [3, []])
    }
    await hosts.refused(hosts.rm(1, 'host4'), 5, /^Error: host4 was removed already: see skein peer ls\n$/)
  })

  it('names whom it waits for, on every host, and where it may be lifted', async () => {
    hosts.hub.split([hosts.key(1), hosts.key(2)], [hosts.key(3), hosts.key(4)])
    const { stdout } = await hosts.rm(1, 'host4')
    assert.match(stdout, /^host4: leaving: waits for host(2, host)?3\n$/)
    for (const n of [1, 2]) {
      await eventually(async () => {
        assert.match((await hosts.skein(n, 'peer', 'ls')).stdout, /^host4 +\S+ +leaving: waits for host3 /m)
      })
      const status = (await hosts.skein(n, 'status')).stdout
      assert.match(status, /the removal of host4 was started on host1, and waits for host3/)
      assert.match(status, /on host1: skein peer rm --cancel host4/)
    }
    await hosts.refused(
      hosts.rm(2, '--cancel', 'host4'),
      5,
      /was started on host1: run there: skein peer rm --cancel host4\n$/,
    )
    await hosts.refused(
      hosts.rm(2, 'host3'),
      5,
      /^Error: the removal of host4 is not decided yet: see skein peer ls\n$/,
    )
    await hosts.refused(hosts.rm(1, 'host4'), 5, /^Error: the removal of host4 is not decided yet/)
    const cancelled = await hosts.rm(1, 'host4', '--cancel')
    assert.deepEqual([cancelled.code, cancelled.stdout], [0, 'host4: settled\n'])
    await eventually(async () => assert.doesNotMatch((await hosts.skein(2, 'peer', 'ls')).stdout, /leaving/))
    await hosts.refused(
      hosts.rm(1, '--cancel', 'host4'),
      4,
      /^Error: no such removal is undecided: see skein peer ls\n$/,
    )
    hosts.hub.heal()
    await hosts.decided('cancelled')
    assert.match((await hosts.skein(3, 'status')).stdout, /^no conditions$/m)
  })

  it('takes several at once; one that dies meanwhile is waited for until it is named too', async () => {
    await hosts.kill(4)
    await hosts.kill(3)
    await hosts.refused(hosts.rm(1, 'host4', 'host3', '--host-is-down'), 5, /2 of 4 hosts are no majority/)
    await hosts.refused(
      hosts.rm(1, 'host4', 'host3'),
      5,
      /: skein peer rm host4 host3 --host-is-down --and-who-joined-through-it\n$/,
    )
    const { code, stdout } = await hosts.rm(
      1,
      'host4',
      'host3',
      'host4',
      '--host-is-down',
      '--and-who-joined-through-it',
    )
    assert.equal(code, 0)
    assert.equal(stdout.split('\n').length, 3, 'a line each')
    await hosts.decided('effective')
    assert.deepEqual(
      hosts
        .at(2)
        .peer.replica.view.members()
        .map(({ name }) => name),
      ['host1', 'host2'],
    )
  })

  it('waits for a dead host, and goes on once somebody says that it is down too', async () => {
    await hosts.kill(4)
    const all: Promise<CliOutcome> = hosts.rm(1, 'host4')
    await all
    await hosts.decided('effective')
    assert.match((await hosts.skein(2, 'peer', 'ls')).stdout, /^host4 +\S+ +removed, may be running: addresses kept /m)
    const status = (await hosts.skein(3, 'status')).stdout
    assert.match(status, /host4 was removed and may still be running: nobody uses its addresses/)
    assert.match(status, /skein peer rm host4 --host-is-down/)
    const asserted = await hosts.rm(3, 'host4', '--host-is-down')
    assert.deepEqual([asserted.code, asserted.stdout], [0, 'host4: removed\n'])
    await eventually(async () => assert.match((await hosts.skein(1, 'status')).stdout, /^no conditions$/m))
  })

  it('is refused with --host-is-down while the host, or one of its name or VTEP address, is connected', async () => {
    await hosts.refused(
      hosts.rm(1, 'host4', '--host-is-down'),
      5,
      /^Error: host4 is not down: host4 is connected with its key, name, machine or address; switch it off, or leave --host-is-down out\n$/,
    )
    const old = hosts.key(4)
    await hosts.kill(4)
    await hosts.rm(1, 'host4')
    await hosts.decided('effective')
    // it came back under a new key: as the same machine
    const again = await joinPeer(hosts.hub, 'host4', hosts.at(1).peer)
    const api = await startTestApi({ deps: depsOf(again.replica, { removal: again.removal }) })
    hosts.nodes.push({ peer: again, api })
    await eventually(() => {
      assert.ok(hosts.at(1).peer.mesh.connected().includes(again.signer.key))
      assert.ok(hosts.nodes.every(({ peer }) => peer.replica.view.member(again.signer.key)?.settled))
      assert.equal(new Set(hosts.nodes.map(({ peer }) => peer.replica.view.digest())).size, 1)
    })
    await hosts.refused(
      hosts.rm(1, old, '--host-is-down'),
      5,
      new RegExp(
        `^Error: host4 is not down: host4 is connected.*, on host4: skein peer rm ${old.slice(0, 12)} --key-is-lost\n$`,
      ),
    )
    await again.stop()
    hosts.nodes = hosts.nodes.filter(({ peer }) => peer !== again)
    await api.stop()
    const later = await hosts.rm(1, old, '--host-is-down')
    assert.equal(later.code, 0, later.stderr)
  })

  it('says that hosts are down of all that were removed together, or of none', async () => {
    await hosts.madeAnew(5)
    await hosts.kill(4)
    await hosts.kill(3)
    await hosts.rm(1, 'host4', 'host3')
    await hosts.decided('effective')
    await hosts.refused(
      hosts.rm(1, 'host4', '--host-is-down'),
      5,
      /^Error: host4 host3 were removed together: if that is so of all of them: skein peer rm host4 host3 --host-is-down\n$/,
    )
    const { code, stderr } = await hosts.rm(2, 'host3', 'host4', '--host-is-down')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match((await hosts.skein(2, 'status')).stdout, /^no conditions$/m)
  })

  it('is refused while another host with its VTEP address is connected', async () => {
    const facts = { addresses: [], vtepAddress: '192.168.2.99', mtu: 1500 }
    for (const n of [3, 4]) await hosts.at(n).peer.replica.write(() => [{ kind: 'peer', name: `host${n}`, ...facts }])
    await eventually(() => {
      const vteps = hosts
        .at(1)
        .peer.replica.view.members()
        .filter(({ vtepAddress }) => vtepAddress === facts.vtepAddress)
      assert.equal(vteps.length, 2)
    })
    await hosts.kill(4)
    await hosts.refused(
      hosts.rm(1, 'host4', '--host-is-down'),
      5,
      /^Error: host4 is not down: host3 is connected with its key, name, machine or/,
    )
  })

  it('refuses what names nobody, this host, or makes no sense', async () => {
    await hosts.refused(hosts.rm(1, 'host9'), 4, /^Error: no host is called "host9": see skein peer ls\n$/)
    await hosts.refused(hosts.rm(1, 'host2', 'host9'), 4, /^Error: no host is called "host9"/)
    await hosts.refused(
      hosts.rm(1, 'host1'),
      3,
      /^Error: a host does not remove itself: run skein peer rm on another host\n$/,
    )
    await hosts.refused(hosts.rm(1, 'host2', 'host1', '--host-is-down'), 3, /^Error: a host does not remove itself/)
    await hosts.refused(hosts.rm(1, hosts.key(2).slice(0, 7)), 4, /^Error: no host is called/)
    await hosts.refused(hosts.rm(1), 2, /^Error: missing required argument 'peers'/)
    await hosts.refused(
      hosts.rm(1, 'host2', '--and-who-joined-through-it'),
      3,
      /--and-who-joined-through-it goes with --host-is-down or --key-is-lost/,
    )
    await hosts.refused(
      hosts.rm(1, 'host2', '--cancel'),
      4,
      /^Error: no such removal is undecided: see skein peer ls\n$/,
    )
    await hosts.refused(hosts.rm(1, 'host2', '--cancel', '--host-is-down'), 3, /--cancel goes alone/)
  })

  const bad: unknown[] = [
    undefined,
    {},
    { peers: [] },
    { peers: 'host2' },
    { peers: [''] },
    { peers: [1] },
    { peers: ['x'.repeat(254)] },
    { peers: Array.from({ length: 65 }, (_, n) => `h${n}`) },
    { peers: ['host2'], force: true },
    { peers: ['host2'], cancel: 'yes' },
    { peers: ['host2'], andWhoJoined: true },
    { peers: ['host2'], cancel: true, hostIsDown: true },
    { peers: ['host2'], cancel: true, keyIsLost: true },
    { peers: ['host2'], hostIsDown: true, keyIsLost: true },
  ]
  it('POST /api/v1/peers/remove refuses malformed bodies, and nothing changes', async () => {
    const { view } = hosts.at(1).peer.replica
    // not its digest: what the tests before began may still be acknowledged
    const said = () => [view.removals().map(({ targets }) => targets), view.members().map(({ key }) => key)]
    const before = said()
    for (const body of bad) {
      const answer: Answer = await hosts
        .at(1)
        .api.call('POST', '/api/v1/peers/remove', body === undefined ? {} : { body })
      assert.equal(answer.status, 400, JSON.stringify(body))
      assert.equal(answer.text.trimEnd().split('\n').length, 1)
    }
    assert.deepEqual(said(), before)
  })

  it('answers with the hosts that were asked for, found by the beginning of a key too', async () => {
    await hosts.kill(4)
    const body = { peers: [hosts.key(4).slice(0, 8)], hostIsDown: true }
    const answer = await hosts.at(1).api.call('POST', '/api/v1/peers/remove', { body })
    const [peer, ...more] = answer.json() as PeerJson[]
    assert.deepEqual([answer.status, peer?.name, peer?.removal?.startedOn, more], [200, 'host4', 'host1', []])
    await hosts.decided('effective')
  })
})

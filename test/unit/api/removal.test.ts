import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { PeerJson, StatusJson } from '../../../src/api/types.ts'
import type { Outcome } from '../../../src/crdt/removal-outcome.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { type Outcome as CliOutcome, runCli } from '../cli/fixture.ts'
import { type Answer, depsOf, startTestApi, type TestApi } from './fixture.ts'

interface Node {
  peer: MemoryPeer
  api: TestApi
}

describe('api and cli: skein peer rm', () => {
  let hub: MemoryHub
  let nodes: Node[]

  beforeEach(async () => {
    hub = new MemoryHub()
    const peers = [await foundPeer(hub, 'host1')]
    for (const n of [2, 3, 4]) peers.push(await joinPeer(hub, `host${n}`, peers[0] as MemoryPeer))
    nodes = []
    for (const peer of peers) {
      const { replica, removal, mesh } = peer
      const deps = depsOf(replica, { removal, connected: () => mesh.connected() })
      nodes.push({ peer, api: await startTestApi({ deps }) })
    }
    await eventually(() =>
      assert.ok(peers.every(({ replica }) => replica.view.members().filter(m => m.settled).length === 4)),
    )
  })
  afterEach(async () => {
    await Promise.all(nodes.map(({ api }) => api.stop()))
    await Promise.all(nodes.map(({ peer }) => peer.stop()))
  })

  const at = (n: number): Node => nodes.find(({ peer }) => peer.name === `host${n}`) ?? assert.fail(`host${n}`)
  const key = (n: number) =>
    at(1)
      .peer.replica.view.members()
      .find(({ name }) => name === `host${n}`)?.key ?? ''

  async function kill(n: number): Promise<void> {
    const node = at(n)
    nodes = nodes.filter(other => other !== node)
    await node.api.stop()
    await node.peer.stop()
  }

  const skein = (n: number, ...argv: string[]): Promise<CliOutcome> =>
    runCli('skein', argv, { SKEIN_HOST: at(n).api.socketPath })
  const rm = (n: number, ...argv: string[]) => skein(n, 'peer', 'rm', ...argv)

  async function refused(outcome: Promise<CliOutcome>, code: number, says: RegExp): Promise<void> {
    const digests = nodes.map(({ peer }) => peer.replica.view.digest())
    const { code: got, stdout, stderr } = await outcome
    assert.match(stderr, says)
    assert.equal(stderr.split('\n').length, 2, 'one line')
    assert.deepEqual([got, stdout], [code, ''])
    assert.deepEqual(
      nodes.map(({ peer }) => peer.replica.view.digest()),
      digests,
      'nothing changed',
    )
  }

  async function decided(outcome: Outcome, count = 1): Promise<void> {
    await eventually(() => {
      for (const { peer } of nodes) {
        const removals = peer.replica.view.removals()
        assert.deepEqual([removals.length, removals.at(-1)?.outcome], [count, outcome], peer.name)
      }
    })
  }

  it('takes a host out, and says so in peer ls, as JSON too, and in status', async () => {
    await kill(4)
    const { code, stdout, stderr } = await rm(1, 'host4', '--host-is-down')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^host4: (leaving(: waits for (host2, )?host3)?|removed)\n$/)
    await decided('effective')
    for (const n of [1, 2, 3]) {
      assert.match((await skein(n, 'peer', 'ls')).stdout, /^host4 +\S+ +removed +host4:7373 +host1 +no$/m)
      const peers = JSON.parse((await skein(n, 'peer', 'ls', '--json')).stdout) as PeerJson[]
      assert.deepEqual(peers.find(peer => peer.name === 'host4')?.removal, {
        ...{ state: 'removed', startedOn: 'host1', waitingFor: [] },
      })
      const status = JSON.parse((await skein(n, 'status', '--json')).stdout) as StatusJson
      assert.deepEqual([status.members.length, status.conditions], [3, []])
    }
    await refused(rm(1, 'host4'), 5, /^Error: host4 was removed already: see skein peer ls\n$/)
  })

  it('names whom it waits for, on every host, and where it may be lifted', async () => {
    hub.split([key(1), key(2)], [key(3), key(4)])
    const { stdout } = await rm(1, 'host4')
    assert.match(stdout, /^host4: leaving: waits for host(2, host)?3\n$/)
    for (const n of [1, 2]) {
      await eventually(async () => {
        assert.match((await skein(n, 'peer', 'ls')).stdout, /^host4 +\S+ +leaving: waits for host3 /m)
      })
      const status = (await skein(n, 'status')).stdout
      assert.match(status, /the removal of host4 was started on host1, and waits for host3/)
      assert.match(status, /on host1: skein peer rm --cancel host4/)
    }
    await refused(rm(2, '--cancel', 'host4'), 5, /was started on host1: run skein peer rm --cancel there\n$/)
    await refused(rm(2, 'host3'), 5, /^Error: the removal of host4 is not decided yet: see skein peer ls\n$/)
    await refused(rm(1, 'host4'), 5, /^Error: the removal of host4 is not decided yet/)
    const cancelled = await rm(1, 'host4', '--cancel')
    assert.deepEqual([cancelled.code, cancelled.stdout], [0, 'host4: settled\n'])
    await eventually(async () => assert.doesNotMatch((await skein(2, 'peer', 'ls')).stdout, /leaving/))
    await refused(rm(1, '--cancel', 'host4'), 4, /^Error: no such removal is undecided: see skein peer ls\n$/)
    hub.heal()
    await decided('cancelled')
    assert.match((await skein(3, 'status')).stdout, /^no conditions$/m)
  })

  it('takes several at once; one that dies meanwhile is waited for until it is named too', async () => {
    await kill(4)
    await kill(3)
    await refused(rm(1, 'host4', 'host3', '--host-is-down'), 5, /2 of 4 hosts are no majority/)
    await refused(
      rm(1, 'host4', 'host3'),
      5,
      /: skein peer rm host4 host3 --host-is-down --and-who-joined-through-it\n$/,
    )
    const { code, stdout } = await rm(1, 'host4', 'host3', 'host4', '--host-is-down', '--and-who-joined-through-it')
    assert.equal(code, 0)
    assert.equal(stdout.split('\n').length, 3, 'a line each')
    await decided('effective')
    assert.deepEqual(
      at(2)
        .peer.replica.view.members()
        .map(({ name }) => name),
      ['host1', 'host2'],
    )
  })

  it('waits for a dead host, and goes on once somebody says that it is down too', async () => {
    await kill(4)
    const all: Promise<CliOutcome> = rm(1, 'host4')
    await all
    await decided('effective')
    assert.match((await skein(2, 'peer', 'ls')).stdout, /^host4 +\S+ +removed, may be running: addresses kept /m)
    const status = (await skein(3, 'status')).stdout
    assert.match(status, /host4 was removed and may still be running: nobody uses its addresses/)
    assert.match(status, /skein peer rm host4 --host-is-down/)
    const asserted = await rm(3, 'host4', '--host-is-down')
    assert.deepEqual([asserted.code, asserted.stdout], [0, 'host4: removed\n'])
    await eventually(async () => assert.match((await skein(1, 'status')).stdout, /^no conditions$/m))
  })

  it('is refused with --host-is-down while the host, or one of its name or VTEP address, is connected', async () => {
    await refused(
      rm(1, 'host4', '--host-is-down'),
      5,
      /^Error: host4 is not down: host4 is connected with its key, name, machine or address; switch it off, or leave --host-is-down out\n$/,
    )
    const old = key(4)
    await kill(4)
    await rm(1, 'host4')
    await decided('effective')
    // it came back under a new key: as the same machine
    const again = await joinPeer(hub, 'host4', at(1).peer)
    const api = await startTestApi({ deps: depsOf(again.replica, { removal: again.removal }) })
    nodes.push({ peer: again, api })
    await eventually(() => {
      assert.ok(at(1).peer.mesh.connected().includes(again.signer.key))
      assert.ok(nodes.every(({ peer }) => peer.replica.view.member(again.signer.key)?.settled))
      assert.equal(new Set(nodes.map(({ peer }) => peer.replica.view.digest())).size, 1)
    })
    await refused(
      rm(1, old, '--host-is-down'),
      5,
      new RegExp(
        `^Error: host4 is not down: host4 is connected.*, on host4: skein peer rm ${old.slice(0, 12)} --key-is-lost\n$`,
      ),
    )
    await again.stop()
    nodes = nodes.filter(({ peer }) => peer !== again)
    await api.stop()
    const later = await rm(1, old, '--host-is-down')
    assert.equal(later.code, 0, later.stderr)
  })

  async function madeAnew(n: number): Promise<Node> {
    const peer = await joinPeer(hub, `host${n}`, at(1).peer)
    const deps = depsOf(peer.replica, { removal: peer.removal, connected: () => peer.mesh.connected() })
    const node = { peer, api: await startTestApi({ deps }) }
    nodes.push(node)
    await eventually(() => {
      for (const other of nodes) {
        assert.ok(other.peer.replica.view.member(peer.signer.key)?.settled)
        assert.ok(other === node || other.peer.mesh.connected().includes(peer.signer.key))
      }
    })
    return node
  }

  it('with --key-is-lost: a host that was made anew without its data says so of its former key, it alone', async () => {
    const old = key(4).slice(0, 12)
    await kill(4)
    await rm(1, 'host4')
    await decided('effective')
    await madeAnew(4)
    const remedy = `if no machine has its data directory any more, on host4: skein peer rm ${old} --key-is-lost`
    for (const n of [1, 4]) {
      const { stdout } = await skein(n, 'status')
      assert.ok(stdout.includes(`host4 (key ${old}) was removed and may still be running`), stdout)
      assert.ok(stdout.includes(remedy), stdout)
    }
    const here = new RegExp(
      `^Error: host4 is connected with the name or address of host4 .*: on it: skein peer rm ${old} --key-is-lost`,
    )
    await refused(rm(1, old, '--key-is-lost'), 5, here)
    await refused(rm(4, old, '--key-is-lost', '--host-is-down'), 3, /either --host-is-down or --key-is-lost/)
    await refused(rm(4, old, '--key-is-lost', '--cancel'), 3, /--cancel goes alone/)
    const { code, stdout, stderr } = await rm(4, old, '--key-is-lost')
    assert.deepEqual([code, stdout, stderr], [0, 'host4: removed\n', ''])
    for (const n of [1, 2, 3, 4]) {
      await eventually(async () => assert.match((await skein(n, 'status')).stdout, /^no conditions$/m))
    }
  })

  it('with --key-is-lost: also of a former key that nobody has removed yet', async () => {
    const old = key(4).slice(0, 12)
    await kill(4)
    await madeAnew(4)
    await refused(rm(4, old, '--host-is-down'), 5, /^Error: host4 is not down: host4 is connected/)
    const { code, stderr } = await rm(4, old, '--key-is-lost')
    assert.deepEqual([code, stderr], [0, ''])
    await decided('effective')
    assert.ok(at(1).peer.replica.view.removals()[0]?.assertedAt)
  })

  it('with --key-is-lost: is refused while the key is connected, or its machine is another host', async () => {
    await refused(rm(1, 'host4', '--key-is-lost'), 5, /^Error: a host with the key of host4 .* its key is not lost\n$/)
    await refused(rm(4, 'host3', '--key-is-lost'), 5, /its key is not lost/)
    const machine = 'ab'.repeat(16)
    const facts = { addresses: [], vtepAddress: '', mtu: 1500, machine }
    for (const n of [3, 4]) await at(n).peer.replica.write(() => [{ kind: 'peer', name: `host${n}`, ...facts }])
    await eventually(() => {
      const { view } = at(1).peer.replica
      assert.equal(view.members().filter(member => member.machine === machine).length, 2)
    })
    const old = key(4).slice(0, 12)
    await kill(4)
    await rm(1, 'host4')
    await decided('effective')
    await madeAnew(4)
    const elsewhere = new RegExp(
      `^Error: host3 .* has the machine of host4 .*: on it: skein peer rm ${old} --key-is-lost\n$`,
    )
    await refused(rm(4, old, '--key-is-lost'), 5, elsewhere)
    assert.match((await skein(1, 'status')).stdout, new RegExp(`on host3: skein peer rm ${old} --key-is-lost`))
    const none =
      /^Error: this host has neither the name nor the machine or address of host2: .* skein peer rm host2 --host-is-down\n$/
    await kill(2)
    await refused(rm(3, 'host2', '--key-is-lost'), 5, none)
    const { code, stderr } = await rm(3, old, '--key-is-lost')
    assert.deepEqual([code, stderr], [0, ''])
  })

  it('says that hosts are down of all that were removed together, or of none', async () => {
    await madeAnew(5)
    await kill(4)
    await kill(3)
    await rm(1, 'host4', 'host3')
    await decided('effective')
    await refused(
      rm(1, 'host4', '--host-is-down'),
      5,
      /^Error: host4 host3 were removed together: if that is so of all of them: skein peer rm host4 host3 --host-is-down\n$/,
    )
    const { code, stderr } = await rm(2, 'host3', 'host4', '--host-is-down')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match((await skein(2, 'status')).stdout, /^no conditions$/m)
  })

  it('is refused while another host with its VTEP address is connected', async () => {
    const facts = { addresses: [], vtepAddress: '192.168.2.99', mtu: 1500 }
    for (const n of [3, 4]) await at(n).peer.replica.write(() => [{ kind: 'peer', name: `host${n}`, ...facts }])
    await eventually(() => {
      const vteps = at(1)
        .peer.replica.view.members()
        .filter(({ vtepAddress }) => vtepAddress === facts.vtepAddress)
      assert.equal(vteps.length, 2)
    })
    await kill(4)
    await refused(
      rm(1, 'host4', '--host-is-down'),
      5,
      /^Error: host4 is not down: host3 is connected with its key, name, machine or/,
    )
  })

  it('refuses what names nobody, this host, or makes no sense', async () => {
    await refused(rm(1, 'host9'), 4, /^Error: no host is called "host9": see skein peer ls\n$/)
    await refused(rm(1, 'host2', 'host9'), 4, /^Error: no host is called "host9"/)
    await refused(rm(1, 'host1'), 3, /^Error: a host does not remove itself: run skein peer rm on another host\n$/)
    await refused(rm(1, 'host2', 'host1', '--host-is-down'), 3, /^Error: a host does not remove itself/)
    await refused(rm(1, key(2).slice(0, 7)), 4, /^Error: no host is called/)
    await refused(rm(1), 2, /^Error: missing required argument 'peers'/)
    await refused(
      rm(1, 'host2', '--and-who-joined-through-it'),
      3,
      /--and-who-joined-through-it goes with --host-is-down or --key-is-lost/,
    )
    await refused(rm(1, 'host2', '--cancel'), 4, /^Error: no such removal is undecided: see skein peer ls\n$/)
    await refused(rm(1, 'host2', '--cancel', '--host-is-down'), 3, /--cancel goes alone/)
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
    const before = at(1).peer.replica.view.digest()
    for (const body of bad) {
      const answer: Answer = await at(1).api.call('POST', '/api/v1/peers/remove', body === undefined ? {} : { body })
      assert.equal(answer.status, 400, JSON.stringify(body))
      assert.equal(answer.text.trimEnd().split('\n').length, 1)
    }
    assert.equal(at(1).peer.replica.view.digest(), before)
  })

  it('answers with the hosts that were asked for, found by the beginning of a key too', async () => {
    await kill(4)
    const body = { peers: [key(4).slice(0, 8)], hostIsDown: true }
    const answer = await at(1).api.call('POST', '/api/v1/peers/remove', { body })
    const [peer, ...more] = answer.json() as PeerJson[]
    assert.deepEqual([answer.status, peer?.name, peer?.removal?.startedOn, more], [200, 'host4', 'host1', []])
    await decided('effective')
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { SkeinError } from '../../../src/lib/errors.ts'
import { newSeed } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { createMesh } from '../../../src/mesh/create.ts'
import { maxMessageBytes } from '../../../src/mesh/transport.ts'
import {
  bytes,
  connected,
  fastClock,
  introduce,
  memberOf,
  startPeer,
  startProxy,
  stopAll,
  stopPeer,
  type TestPeer,
  text,
  until,
} from './harness.ts'

const failsWith = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof SkeinError && error.code === code && pattern.test(error.message)

describe('mesh', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  it('connects three members, once each', async () => {
    const peers = await Promise.all([startPeer(), startPeer(), startPeer()])
    await introduce(...peers)
    for (const { mesh, events } of peers) {
      const others = peers.map(({ key }) => key).filter(key => key !== mesh.self)
      assert.deepEqual(mesh.connected(), others.sort())
      assert.deepEqual([...events].sort(), others.map(key => `+${key.slice(0, 4)}`).sort())
    }
  })

  it('broadcasts to every member, once each, and not to the sender', async () => {
    const peers = await Promise.all([startPeer(), startPeer(), startPeer()])
    await introduce(...peers)
    const sent = Array.from({ length: 50 }, (_, index) => `message ${index}`)
    for (const one of sent) peers[0]?.mesh.broadcast(bytes(one))
    const [sender, ...receivers] = peers
    await until('all have all', () => receivers.every(({ heard }) => heard.length >= sent.length))
    await new Promise(resolve => setTimeout(resolve, 100))
    for (const { heard } of receivers) assert.deepEqual([...heard].sort(), [...sent].sort())
    assert.deepEqual(sender?.heard, [])
  })

  it('reaches members over gossip that the sender has no connection to', async () => {
    const [a, hub, c] = await Promise.all([startPeer(), startPeer(), startPeer()])
    const absent = { key: '00'.repeat(32), addresses: [] }
    a.mesh.setMembers([memberOf(a), memberOf(hub), absent])
    hub.mesh.setMembers([memberOf(a), memberOf(hub), memberOf(c)])
    c.mesh.setMembers([memberOf(hub), memberOf(c)])
    await until('both are connected to the hub', () => hub.mesh.connected().length === 2)
    let tried = 0
    const carried = () => {
      a.mesh.broadcast(bytes(`try ${tried++}`))
      return c.heard.length > 0
    }
    await until('gossip carries', carried)
    assert.deepEqual(a.mesh.connected(), [hub.key])
    // the hub gets everything twice, straight and by gossip, and so does the sender: nobody is told twice
    const sent = Array.from({ length: 50 }, (_, index) => `message ${index}`)
    for (const one of sent) a.mesh.broadcast(bytes(one))
    const messages = ({ heard }: TestPeer) => heard.filter(one => one.startsWith('message')).sort()
    await until('all have arrived', () => messages(c).length >= 50 && messages(hub).length >= 50)
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.deepEqual([messages(hub), messages(c), a.heard], [[...sent].sort(), [...sent].sort(), []])
  })

  it('carries messages of the largest size, straight and both ways', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    await introduce(a, b)
    const large = new Uint8Array(maxMessageBytes).fill(7)
    b.mesh.handle('/skein/echo/1', async (_, request) => request)
    assert.deepEqual(await a.mesh.request(b.key, '/skein/echo/1', large, 60_000), large)
    a.mesh.broadcast(large)
    await until('the large message is there', () => b.heard.length === 1)
    const more = new Uint8Array(maxMessageBytes + 1)
    assert.throws(() => a.mesh.broadcast(more), failsWith('invalid', /too large/))
    await assert.rejects(a.mesh.request(b.key, '/skein/echo/1', more, 1_000), failsWith('invalid', /too large/))
  })

  it('stops with connections open, and can be told everything afterwards', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    await introduce(a, b)
    const begin = performance.now()
    await stopPeer(a)
    assert.ok(performance.now() - begin < 1_500)
    a.mesh.broadcast(bytes('into the void'))
    a.mesh.setMembers([])
    await assert.rejects(a.mesh.request(b.key, '/skein/echo/1', bytes('x'), 1_000))
    await a.mesh.stop()
  })

  it('leaves nothing that keeps the process alive', async () => {
    const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../../../src', path))
    const script = `
      const { createMesh } = await import(${source('mesh/create.ts')})
      const { systemClock: clock } = await import(${source('lib/clock.ts')})
      const { silentLogger: log } = await import(${source('lib/log.ts')})
      const meshOf = byte => createMesh({ seed: new Uint8Array(32).fill(byte), meshId: 'm', listen: '127.0.0.1:0', clock, log })
      const all = [meshOf(1), meshOf(2)]
      await Promise.all(all.map(mesh => mesh.start()))
      const both = new Promise(resolve => all[0].onConnect(resolve))
      const members = all.map(mesh => ({ key: mesh.self, addresses: [mesh.listenAddress()] }))
      for (const mesh of all) mesh.setMembers(members)
      await both
      await Promise.all(all.map(mesh => mesh.stop()))
      console.log('stopped')`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    let output = ''
    child.stdout.on('data', data => {
      output += data
    })
    await until('it says that it has stopped', () => output === 'stopped\n', 10_000)
    let code: number | undefined
    void exited.then(([exit]) => {
      code = exit
    })
    await until('it ends by itself', () => code !== undefined, 2_000).finally(() => child.kill('SIGKILL'))
    assert.equal(code, 0)
  })

  it('says why it cannot listen', async () => {
    const first = await startPeer()
    const busy = startPeer({ listen: first.mesh.listenAddress() })
    await assert.rejects(busy, failsWith('unavailable', /^cannot listen on 127.0.0.1:\d+ \(.*EADDRINUSE.*--listen$/))
    const options = { seed: newSeed(), meshId: 'test', clock: fastClock, log: silentLogger }
    assert.throws(
      () => createMesh({ ...options, listen: 'eth0:7373' }),
      failsWith('invalid', /no address to listen on/),
    )
  })
})

describe('mesh membership', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  it('refuses a stranger, with the reason in both logs', async () => {
    const [member, stranger] = await Promise.all([startPeer(), startPeer()])
    stranger.mesh.setMembers([memberOf(member)])
    const refused = () => member.log.find(({ msg }) => msg === 'refused a stranger')
    const told = () => stranger.log.find(({ msg }) => msg === 'member refused us')
    await until('both have said so', () => !!refused() && !!told())
    assert.equal(refused()?.peer, stranger.key)
    assert.match(String(refused()?.reason), /no member of this mesh/)
    assert.equal(told()?.peer, member.key)
    assert.match(String(told()?.reason), /does not know this peer.*skein peer invite/)
    assert.deepEqual([member.events, stranger.events], [[], []])
    await assert.rejects(
      stranger.mesh.request(member.key, '/skein/sync/2', bytes('let me in'), 1_000),
      failsWith('unreachable', /not connected/),
    )
    // knocking on and on fills no log
    assert.equal(member.log.filter(({ msg }) => msg === 'refused a stranger').length, 1)
  })

  it('lets a stranger in once it is a member', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    b.mesh.setMembers([memberOf(a)])
    await until('b was refused', () => a.log.some(({ msg }) => msg === 'refused a stranger'))
    a.mesh.setMembers([memberOf(b)])
    await connected(a, b)
  })

  it('cuts a member off that is no longer in the list', async () => {
    const [a, b, c] = await Promise.all([startPeer(), startPeer(), startPeer()])
    await introduce(a, b, c)
    a.mesh.setMembers([memberOf(a), memberOf(c)])
    b.mesh.setMembers([memberOf(a), memberOf(b), memberOf(c)])
    await until('the removed one noticed', () => !b.mesh.connected().includes(a.key))
    assert.deepEqual(a.mesh.connected(), [c.key])
    a.mesh.broadcast(bytes('for members'))
    await assert.rejects(b.mesh.request(a.key, '/skein/sync/2', bytes('x'), 1_000))
    await until('the other has it', () => c.heard.length === 1)
  })

  it('leaves connections alone when the same list is set again', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    await introduce(a, b)
    for (let round = 0; round < 20; round++) a.mesh.setMembers([memberOf(b), memberOf(a)])
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.deepEqual(a.events, [`+${b.key.slice(0, 4)}`])
  })
})

describe('mesh reconnecting', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  it('finds a member again that was restarted on its port, whoever was restarted', async () => {
    let [a, b] = await Promise.all([startPeer(), startPeer()])
    await introduce(a, b)
    const members = [memberOf(a), memberOf(b)]
    for (const restarted of [b, a]) {
      const listen = restarted.mesh.listenAddress()
      const other = restarted === a ? b : a
      await stopPeer(restarted)
      await until('its absence is noticed', () => other.mesh.connected().length === 0)
      const again = await startPeer({ seed: restarted.seed, listen })
      // only the one that stayed knows the other at first
      await new Promise(resolve => setTimeout(resolve, 50))
      again.mesh.setMembers(members)
      if (restarted === a) a = again
      else b = again
      await connected(a, b)
    }
    // who knows nobody yet lets whoever comes connect for a moment, and ends that: so it may come twice
    assert.match(b.events.join(' '), /^\+(\w+)( -\1 \+\1){1,2}$/)
  })

  it('goes on dialling a member that is away for long', async () => {
    const a = await startPeer()
    const b = await startPeer()
    const members = [memberOf(a), memberOf(b)]
    const listen = b.mesh.listenAddress()
    await stopPeer(b)
    a.mesh.setMembers(members)
    // 15 s of its time: the pauses have grown to the longest
    await new Promise(resolve => setTimeout(resolve, 1_500))
    const again = await startPeer({ seed: b.seed, listen })
    again.mesh.setMembers([{ key: a.key, addresses: [] }])
    await connected(a, again)
    assert.match(String(a.log.find(({ msg }) => msg === 'member not reached')?.reason), /nothing listens there/)
  })

  it('notices a silently dead connection and reconnects when the network is back', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    const proxy = await startProxy(b.mesh.listenAddress())
    try {
      a.mesh.setMembers([{ key: b.key, addresses: [proxy.address] }])
      b.mesh.setMembers([{ key: a.key, addresses: [] }])
      await connected(a, b)
      proxy.freeze()
      const begin = fastClock.monotonic()
      await until('both have noticed', () => a.mesh.connected().length + b.mesh.connected().length === 0)
      const tookMs = fastClock.monotonic() - begin
      assert.ok(tookMs > 3_000 && tookMs < 12_000, `${tookMs} ms`)
      proxy.thaw()
      await connected(a, b)
    } finally {
      await proxy.stop()
    }
  })

  it('closes the second connection of a pair that dialled at the same moment, unnoticed', async () => {
    const [a, b] = await Promise.all([startPeer(), startPeer()])
    const toA = await startProxy(a.mesh.listenAddress(), { frozen: true })
    const toB = await startProxy(b.mesh.listenAddress(), { frozen: true })
    try {
      a.mesh.setMembers([{ key: b.key, addresses: [toB.address] }])
      b.mesh.setMembers([{ key: a.key, addresses: [toA.address] }])
      b.mesh.handle('/skein/echo/1', async (_, request) => request)
      await until('both dial', () => toA.accepted() > 0 && toB.accepted() > 0)
      toA.thaw()
      toB.thaw()
      await connected(a, b)
      assert.equal(toA.open() + toB.open(), 2)
      const check = async () => {
        assert.equal(text(await a.mesh.request(b.key, '/skein/echo/1', bytes('x'), 10_000)), 'x')
        a.mesh.broadcast(bytes(`from a ${b.heard.length}`))
        b.mesh.broadcast(bytes(`from b ${a.heard.length}`))
      }
      await until('one of the two is closed', () => toA.open() + toB.open() === 1)
      await check()
      await until('broadcasts go both ways', () => a.heard.length > 0 && b.heard.length > 0)
      await new Promise(resolve => setTimeout(resolve, 800))
      await check()
      assert.equal(toA.open() + toB.open(), 1)
      assert.deepEqual([a.events.length, b.events.length], [1, 1])
    } finally {
      await Promise.all([toA.stop(), toB.stop()])
    }
  })
})

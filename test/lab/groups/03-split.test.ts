import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree } from '../acceptance/cli.ts'
import { cleanHosts, eventually, networksAppear, useLab } from '../support/index.ts'
import { type Apart, addRule, counted, createApart, createRouted, published, skein } from './apart.ts'
import { assertOpen, openOf, type Speaker } from './speakers.ts'

/** A connection that stays, and whose. */
type Flow = readonly [from: Speaker, connection: number]

describe('groups: policies in a split that packets cross and news do not', function () {
  this.timeout(60_000)
  const lab = useLab({ clean: false })
  let scene: Apart
  let one: LabHost
  let two: LabHost
  let three: LabHost
  /** From a network that is made in the split. */
  let late: Speaker
  let flows: Record<'cutInTheSplit' | 'cutAfterIt' | 'kept', Flow[]>

  const open = async (from: Speaker, ip: string, port: number): Promise<Flow> => [from, await from.open(ip, port)]
  async function assertLive(list: readonly Flow[], isLive: boolean): Promise<void> {
    const said = await Promise.all(list.map(([from, connection]) => from.say(connection, isLive ? 2_000 : 500)))
    const expected = list.map(() => isLive)
    assert.deepEqual(said, expected, list.map(([from, connection]) => `${from.name} ${connection}`).join(', '))
  }
  /** From outside; by the ports of the container. */
  async function assertPublished(host: LabHost, ...expected: (keyof typeof published)[]): Promise<void> {
    const due = expected.map(port => published[port])
    assert.deepEqual(await openOf(scene.out, host.address, Object.values(published), due), due, host.name)
  }
  /** To a port of db1, called by far. */
  const why = async (host: LabHost, port: number) => (await skein(host, 'why', 'far', 'db1', `tcp/${port}`)).stdout

  before(async function () {
    this.timeout(120_000)
    await cleanHosts(lab())
    scene = await createApart(lab())
    ;[one, two, three] = scene.hosts
    const { db1, db3, lan, app, far, out } = scene
    for (const from of [lan, app, far]) {
      for (const to of [db1, db3]) await eventually(() => assertOpen(from, to, [8888, 8890]))
    }
    for (const host of [one, three]) await eventually(() => assertPublished(host, 8888, 8890))
    const cut = [open(far, db1.ip, 8888), open(app, db1.ip6, 8888), open(lan, db3.ip6, 8888)]
    const later = [open(far, db3.ip6, 8888), open(out, three.address, 8080), open(out, one.address, 8082)]
    flows = {
      cutInTheSplit: await Promise.all([...cut, open(out, one.address, 8080), open(out, three.address, 8082)]),
      cutAfterIt: await Promise.all(later),
      kept: await Promise.all([open(far, db1.ip6, 8890), open(app, db3.ip, 8890), open(lan, db1.ip, 8890)]),
    }
    for (const list of Object.values(flows)) await assertLive(list, true)
    await scene.cutNews()
    await addRule(one, '4', '-P', '8888', '-p', '20', '-j', 'deny')
    await addRule(one, '5', '-P', '8889', '-p', '10')
    await addRule(three, '6', '-P', '8890', '-i', out.ip, '-p', '30', '-j', 'deny')
  })
  after(() => scene?.down())

  it('judge published ports where they are by what is added there, at once', async () => {
    await assertPublished(one, 8889, 8890)
    await assertPublished(three, 8888)
  })

  it('are on each side those that it knows, routed too', async () => {
    const { db1, db3, lan, app, far } = scene
    for (const from of [lan, app]) await eventually(() => assertOpen(from, db1, [8889, 8890]), { timeoutMs: 2_000 })
    await assertOpen(far, db3, [8888, 8890])
  })

  it('let no sender past a receiver that knows better, nor past its own host, in what stands neither', async () => {
    const { db1, db3, lan, app, far } = scene
    const denied = async () => (await counted(one)).of('4').hosts.host1?.packets ?? 0
    const before = await denied()
    await assertOpen(far, db1, [8890])
    assert.ok((await denied()) > before, 'what the stale host let go was denied where it came')
    for (const from of [lan, app]) await assertOpen(from, db3, [8890])
    await assertLive(flows.cutInTheSplit, false)
    for (const list of [flows.cutAfterIt, flows.kept]) await assertLive(list, true)
  })

  it('judge a network with a gateway that is made meanwhile', async () => {
    await createRouted(one, 'late', 3)
    await networksAppear([one, two], 'late')
    late = await scene.speaker(two, 'late', 'late')
    await eventually(() => assertOpen(late, scene.db1, [8889, 8890]))
  })

  it('are told by why as the asked side knows them, with the hosts that it cannot ask', async () => {
    for (const [host, port, answer] of [
      [one, 8888, /: does not pass\n[\s\S]* by +rule 4 of policy p[\s\S]* but +host3 is out of reach of this host/],
      [one, 8889, /: passes\n[\s\S]* by +rule 5 of policy p[\s\S]* but +host3 is out of reach of this host/],
      [three, 8888, /: passes\n[\s\S]* by +rule 2 of policy p[\s\S]* but +host1 is out of reach of this host/],
      [three, 8889, /: does not pass\n[\s\S]* by +rule 1 of policy p[\s\S]* but +host1 is out of reach of this host/],
    ] as const) {
      // a connection is given up after some seconds of silence
      await eventually(async () => assert.match(await why(host, port), answer), { timeoutMs: 20_000 })
    }
  })

  it('are counted on the hosts within reach, and the others are named', async () => {
    const [left, right] = [await counted(one), await counted(three)]
    assert.equal(left.stderr, 'without what host3 counted: out of reach\n')
    assert.deepEqual(Object.keys(left.of('1').hosts), ['host1', 'host2'])
    const others = ['host1', 'host2'].map(name => `without what ${name} counted: out of reach\n`)
    assert.equal(right.stderr, others.join(''))
    assert.deepEqual(Object.keys(right.of('1').hosts), ['host3'])
  })

  describe('after the heal', () => {
    before(async () => {
      await lab().heal()
      await assertAgree(lab().hosts(), 10_000)
    })

    it('are all of them everywhere', async () => {
      const { db1, db3, lan, app, far } = scene
      await networksAppear([three], 'late')
      for (const from of [lan, app, far, late]) {
        for (const to of [db1, db3]) await eventually(() => assertOpen(from, to, [8889, 8890]), { timeoutMs: 5_000 })
      }
      for (const host of [one, three]) await eventually(() => assertPublished(host, 8889), { timeoutMs: 5_000 })
    })

    it('have cut what they deny, for good, and nothing else', async () => {
      await assertLive([...flows.cutInTheSplit, ...flows.cutAfterIt], false)
      await assertLive(flows.kept, true)
    })

    it('are told and counted alike by all hosts', async () => {
      const said = await Promise.all(
        lab()
          .hosts()
          .map(host => why(host, 8888)),
      )
      assert.match(said[0] ?? '', /: does not pass\n[\s\S]* by +rule 4 of policy p/)
      for (const text of said) assert.equal(text, said[0])
      assert.doesNotMatch(said[0] ?? '', /out of reach/)
      const { stderr, of } = await counted(two)
      assert.equal(stderr, '')
      const { packets, hosts } = of('4')
      assert.deepEqual(Object.keys(hosts).sort(), ['host1', 'host2', 'host3'])
      assert.equal(
        packets,
        Object.values(hosts).reduce((sum, each) => sum + each.packets, 0),
      )
    })
  })
})

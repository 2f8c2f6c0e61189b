import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import type { ObjectsJson } from '../../../src/api/types.ts'
import { doubled, heldOn } from '../../soak/addresses.ts'
import { netctl, networkNames, status, three } from '../acceptance/cli.ts'
import { createNetworks, places } from '../like-docker/mesh.ts'
import { assertWhole, conditionsOf, refusedRun } from '../rollback/hosts.ts'
import {
  assertReaches,
  type Container,
  docker,
  eventually,
  meshNetworks,
  pingDuring,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'
import { fillUp, meshConditions, outOfReach, peers, removals, skein, trySkein } from './hosts.ts'

const exportedFile = /skein apply -f (\S+)$/m
/** Every address of the small network that a container can have. */
const usable = [1, 2, 3, 4, 5, 6].map(last => `10.1.3.${last}`)

async function assertNoneTwice(hosts: readonly LabHost[]): Promise<void> {
  const held = await Promise.all(hosts.map(heldOn))
  assert.ok(held.every(each => each !== undefined))
  assert.deepEqual(doubled(held.flatMap(each => each ?? [])), [])
}

async function settled(host: LabHost): Promise<void> {
  await eventually(async () => assert.ok((await status(host)).self.settled), { timeoutMs: 15_000 })
}

describe('removal: of a host that was not down, and its return', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let exported = ''
  let small: Container[] = []
  const web: Container[] = []

  const start = async (host: LabHost, name: string) => {
    const container = await runContainer(host, 'web', name)
    web.push(container)
    return container
  }
  const placed = (containers: readonly Container[]) =>
    containers.map(({ name, ip, host }) => `${name} ${ip} on ${host.name}`)

  before(async () => {
    hosts = three(lab().hosts())
    const [one, two, three3] = hosts
    await createNetworks(hosts, { web: '10.1.2.0/24', small: '10.1.3.0/29' })
    await start(one, 'near')
    for (const name of ['kept', 'other']) await start(three3, name)
    small = [await runContainer(three3, 'small', 'held')]
    await lab().split(['1 2', '3'])
    await Promise.all([
      outOfReach(one, 'host3'),
      outOfReach(two, 'host3'),
      outOfReach(three3, 'host1'),
      outOfReach(three3, 'host2'),
    ])
  })

  it('goes on behind the split: what it makes there reaches nobody, and the others are without it', async () => {
    const [one, two, three3] = hosts
    await netctl(three3, 'tenant', 'create', 'blue')
    await netctl(three3, 'net', 'create', '--subnet=10.9.0.0/24', 'mine')
    await start(three3, 'late')
    await skein(one, 'peer', 'rm', 'host3', '--host-is-down')
    for (const host of [one, two]) {
      await eventually(async () => assert.deepEqual(await removals(host), ['host3 removed']))
      assert.deepEqual(await places(host, 'small'), [], host.name)
    }
    // handed out meanwhile: it must be none of those that run on there
    await start(two, 'meanwhile')
  })

  it('fences itself at its first contact, for good; its containers run on, and what nobody saw is in a file', async () => {
    const [one, , three3] = hosts
    const [, kept, other] = web
    assert.ok(kept && other)
    const { sent, lost } = await pingDuring(kept, other.ip, async () => {
      await lab().heal()
      await eventually(
        async () =>
          assert.ok((await conditionsOf(three3)).some(text => text.startsWith('removed: this host was removed'))),
        { timeoutMs: 20_000 },
      )
      assert.match(await refusedRun(three3, 'web'), /skein join TOKEN/)
      await three3.killPeer()
      await three3.startPeer()
    })
    assert.ok(sent > 0)
    assert.deepEqual(lost, [])
    assert.match(await refusedRun(three3, 'web'), /skein join TOKEN/)
    for (const container of ['kept', 'other', 'late', 'held']) {
      assert.equal(await docker(three3, 'inspect', '-f', '{{.State.Running}}', container), 'true', container)
    }
    const said = await eventually(async () => {
      const text = await skein(three3, 'status')
      assert.match(text, /removed from its mesh \(skein peer rm on host1 at .*\): it hands out nothing/)
      assert.match(text, /run skein peer invite on host1 or another member, and here: skein join TOKEN/)
      assert.match(text, exportedFile)
      return text
    })
    exported = exportedFile.exec(said)?.[1] ?? assert.fail(said)
    const { tenants, networks, ...others } = JSON.parse(readFileSync(exported, 'utf8')) as ObjectsJson
    assert.deepEqual(
      tenants?.map(({ name }) => name),
      ['blue'],
    )
    assert.deepEqual(
      networks?.map(({ name, subnet }) => [name, subnet]),
      [['mine', '10.9.0.0/24']],
    )
    assert.deepEqual(others, {})
    assert.deepEqual(await networkNames(one), ['default/small', 'default/web'])
  })

  it('rejoins by an invitation: its containers keep their addresses, and no other gets one of these', async () => {
    const [one, two, three3] = hosts
    await skein(three3, 'join', await skein(one, 'peer', 'invite'))
    await settled(three3)
    await assertWhole(hosts, 'web', placed(web))
    await assertWhole(hosts, 'small', placed(small))
    await start(three3, 'fresh')
    small.push(...(await fillUp([three3, one, two], 'small', 'new')))
    assert.deepEqual(small.map(({ ip }) => ip).sort(), usable)
    assert.ok(
      small.some(({ host, name }) => host.name === 'host3' && name !== 'held'),
      'host3 hands out again',
    )
    await assertNoneTwice(hosts)
    const [near] = web
    assert.ok(near)
    for (const { host, ip } of web) if (host.name !== near.host.name) await eventually(() => assertReaches(near, ip))
  })

  it('takes what was in the file, on any host; its own Docker may still have the name', async () => {
    const [one, , three3] = hosts
    const said = await skein(one, 'apply', '-f', exported)
    assert.match(said, /^tenant blue created$/m)
    assert.match(said, /^network \S*mine created$/m)
    for (const host of hosts) {
      await eventually(async () =>
        assert.deepEqual(await networkNames(host), ['default/mine', 'default/small', 'default/web']),
      )
    }
    // what it made behind the split is another network, of which nothing is left but its Docker's copy
    await eventually(async () => {
      const status = await skein(three3, 'status')
      assert.match(status, /so Skein's network mine is called mine~\S+ here/)
      assert.match(status, /free the name with "docker network rm mine"/)
    })
    await docker(three3, 'network', 'rm', 'mine')
    await eventually(async () => assert.deepEqual(await meshNetworks(three3), ['mine', 'small', 'web']), {
      timeoutMs: 20_000,
    })
    await eventually(async () => assert.deepEqual(await conditionsOf(three3), []))
  })

  it('leaves in good order once no container of it is on a network, and may come back', async () => {
    const [one, two, three3] = hosts
    const refused = await trySkein(two, 'peer', 'leave')
    assert.match(
      refused.stderr,
      /containers of this host are on Skein's networks \(.*meanwhile.*\): stop or disconnect them/,
    )
    const own = [...web, ...small].filter(({ host }) => host.name === 'host2').map(({ name }) => name)
    await removeContainers(two, ...own)
    assert.match(await skein(two, 'peer', 'leave'), /^left; this host is a mesh of its own now: /)
    assert.deepEqual(
      (await peers(two)).map(({ name, settled }) => [name, settled]),
      [['host2', true]],
    )
    for (const host of [one, three3]) {
      await eventually(async () => assert.deepEqual(await removals(host), ['host2 removed', 'host3 removed']))
      assert.deepEqual(await meshConditions(host), [])
    }
    await skein(two, 'join', await skein(three3, 'peer', 'invite'))
    await settled(two)
    const stay = (containers: readonly Container[]) => containers.filter(({ name }) => !own.includes(name))
    const again = await eventually(() => runContainer(two, 'web', `again-${Date.now()}`))
    await assertWhole(hosts, 'web', placed([...stay(web), again]))
    await assertNoneTwice(hosts)
    const [near] = web
    assert.ok(near)
    await eventually(() => assertReaches(near, again.ip))
  })
})

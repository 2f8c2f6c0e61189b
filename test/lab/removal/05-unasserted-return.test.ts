import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { doubled, heldOn } from '../../soak/addresses.ts'
import { status, three } from '../acceptance/cli.ts'
import { assertWhole, conditionsOf } from '../rollback/hosts.ts'
import { assertReaches, type Container, eventually, useLab } from '../support/index.ts'
import { fillUp, meshConditions, outOfReach, removals, skein, small, startSmall, trySkein } from './hosts.ts'

describe('removal: without an assertion, of a host that comes back', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  const running: Container[] = []

  before(async () => {
    hosts = three(lab().hosts())
    running.push(...(await startSmall(hosts)))
  })

  it('nobody uses its addresses, and all hosts say so', async () => {
    const [one, two, three3] = hosts
    await lab().split(['1 2', '3'])
    await Promise.all([outOfReach(one, 'host3'), outOfReach(two, 'host3')])
    await skein(one, 'peer', 'rm', 'host3')
    for (const host of [one, two]) {
      await eventually(async () => assert.deepEqual(await removals(host), ['host3 quarantined']))
      assert.match(
        (await meshConditions(host)).join('\n'),
        /removed-unasserted: host3 was removed and may still be running/,
      )
    }
    await lab().heal()
    await eventually(
      async () =>
        assert.ok((await conditionsOf(three3)).some(text => text.startsWith('removed: this host was removed'))),
      { timeoutMs: 20_000 },
    )
  })

  it('it joins again, and says itself that its former key is off: all addresses can be used, none twice', async () => {
    const [one, two, three3] = hosts
    await skein(three3, 'join', await skein(one, 'peer', 'invite'))
    await eventually(async () => assert.ok((await status(three3)).self.settled), { timeoutMs: 15_000 })
    for (const host of hosts) {
      await eventually(async () => assert.deepEqual(await meshConditions(host), []), { timeoutMs: 15_000 })
    }
    // what an operator cannot say of a host that is there
    const refused = await trySkein(one, 'peer', 'rm', 'host3', '--host-is-down')
    assert.match(refused.stderr, /host3 is not down/)
    running.push(...(await fillUp([one, two, three3], 'small', 'new')))
    assert.deepEqual(running.map(({ ip }) => ip).sort(), small.usable)
    await assertWhole(
      hosts,
      'small',
      running.map(({ name, ip, host }) => `${name} ${ip} on ${host.name}`),
    )
    const held = await Promise.all(hosts.map(heldOn))
    assert.deepEqual(doubled(held.flatMap(each => each ?? [])), [])
    const [near, kept] = running
    assert.ok(near && kept)
    await eventually(() => assertReaches(near, kept.ip))
  })
})

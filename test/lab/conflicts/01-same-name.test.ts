import assert from 'node:assert/strict'
import { three } from '../acceptance/cli.ts'
import { assertReaches, eventually, removeContainers, runContainer, useLab } from '../support/index.ts'
import {
  assertInOrder,
  conditionsOf,
  healWebs,
  obey,
  sameConditions,
  shows,
  splitWebs,
  subnetOf,
  subnets,
} from './two-webs.ts'

describe('conflicts 1: one name for two networks', function () {
  this.timeout(120_000)
  const lab = useLab()

  it('both go on after the heal; net rename resolves it, and Docker’s names follow when they are empty', async () => {
    const hosts = lab().hosts()
    const [one, two, three3] = three(hosts)
    await splitWebs(lab())
    const [a1, a2, b3] = await Promise.all([
      runContainer(one, 'web', 'a1'),
      runContainer(two, 'web', 'a2'),
      runContainer(three3, 'web', 'b3'),
    ])
    const { younger, olderOn3 } = await healWebs(lab())

    // both carry traffic between hosts, each under its own name in each Docker
    const [b1, a3] = await Promise.all([runContainer(one, younger, 'b1'), runContainer(three3, olderOn3, 'a3')])
    await eventually(() => assertReaches(a3, a1.ip))
    await assertReaches(a1, a2.ip)
    await eventually(() => assertReaches(b1, b3.ip))
    await assertReaches(b3, b1.ip)

    const [conflict, ...others] = await sameConditions(hosts)
    assert.deepEqual(others, [])
    assert.equal(conflict?.kind, 'name-conflict')
    const [rename] = conflict.commands
    assert.match(rename ?? '', new RegExp(`^skein net rename ${younger} web-[0-9a-f]{6}$`))
    const newName = rename?.split(' ').at(-1) ?? ''
    await obey(two, rename)
    assert.deepEqual(await sameConditions(hosts), [])

    await shows(two, ['web', newName])
    const waits = await eventually(async () => {
      const found = (await conditionsOf(three3, 'host')).find(({ text }) =>
        text.startsWith(`network ${newName} is called web`),
      )
      assert.ok(found)
      return found
    })
    assert.match(waits.text, /it waits for b3$/)
    await removeContainers(one, 'b1')
    await shows(one, ['web', newName])
    await removeContainers(three3, 'b3', 'a3')
    await shows(three3, ['web', newName])
    assert.deepEqual(
      await Promise.all(hosts.map(host => subnetOf(host, 'web'))),
      hosts.map(() => subnets.older),
    )
    await assertInOrder(hosts)
    const again = await runContainer(three3, 'web', 'again')
    await eventually(() => assertReaches(again, a1.ip))
  })
})

import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree, netctl, three } from '../acceptance/cli.ts'
import {
  assertReaches,
  type Container,
  eventually,
  networksAppear,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'
import { addresses } from './names.ts'

/** Of this host first, then the others in whatever order. */
async function assertNamed(from: Container, name: string, own: Container[], others: Container[]): Promise<void> {
  const found = await addresses(from, name)
  const ips = (list: Container[]) => list.map(({ ip }) => ip).sort()
  const [first, rest] = [found.slice(0, own.length), found.slice(own.length)]
  assert.deepEqual([first.sort(), rest.sort()], [ips(own), ips(others)], `${from.name} asks for ${name}`)
}

describe('groups: names across a split', function () {
  this.timeout(90_000)
  const lab = useLab()

  it('stand for all members that each side knows, its own host first, and after the heal for all', async () => {
    const hosts = three(lab().hosts())
    const [one, two, three3] = hosts
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'web')
    await netctl(one, 'group', 'create', 'web', 'db')
    await networksAppear(hosts, 'web', 'db.web')
    const member = (host: LabHost, name: string, group = 'db.web') => runContainer(host, group, name)
    const first = [member(one, 'db1'), member(two, 'db2'), member(three3, 'db3')] as const
    const [db1, db2, db3] = await Promise.all(first)
    const [left, right] = await Promise.all([member(one, 'left', 'web'), member(three3, 'right', 'web')])
    await eventually(() => assertNamed(left, 'db', [db1], [db2, db3]))
    await eventually(() => assertNamed(right, 'db.web', [db3], [db1, db2]))

    await lab().split(['1 2', '3'])
    const [more2, more3] = await Promise.all([member(two, 'more2'), member(three3, 'more3')])
    await removeContainers(three3, 'db3')
    // the same group on both sides
    for (const host of [one, three3]) await netctl(host, 'group', 'create', 'web', 'cache')
    await networksAppear(hosts, 'cache.web')
    const caches = [member(two, 'cache2', 'cache.web'), member(three3, 'cache3', 'cache.web')] as const
    const [cache2, cache3] = await Promise.all(caches)
    // who is merely out of reach stays, as a container's name does
    await eventually(() => assertNamed(left, 'db', [db1], [db2, more2, db3]), { timeoutMs: 2_000 })
    await eventually(() => assertNamed(right, 'db', [more3], [db1, db2]), { timeoutMs: 2_000 })
    await eventually(() => assertNamed(left, 'cache', [], [cache2]), { timeoutMs: 2_000 })
    await assertNamed(right, 'cache.web', [cache3], [])
    await assertNamed(left, 'db3.db.web', [], [db3])
    await assertReaches(left, 'more2.db.web')
    for (const unknown of ['more3', 'more3.db.web']) await assertNamed(left, unknown, [], [])

    await lab().heal()
    await assertAgree(hosts, 10_000)
    await eventually(() => assertNamed(left, 'db', [db1], [db2, more2, more3]), { timeoutMs: 2_000 })
    await eventually(() => assertNamed(right, 'db.web', [more3], [db1, db2, more2]), { timeoutMs: 2_000 })
    await eventually(() => assertNamed(left, 'cache', [], [cache2, cache3]), { timeoutMs: 2_000 })
    await eventually(() => assertNamed(right, 'cache', [cache3], [cache2]), { timeoutMs: 2_000 })
    for (const gone of ['db3', 'db3.db.web']) await assertNamed(left, gone, [], [])
    for (const [from, name] of [
      [left, 'more3.db.web'],
      [right, 'more2'],
      [right, 'cache2.cache.web'],
    ] as const) {
      await eventually(() => assertReaches(from, name))
    }
  })
})

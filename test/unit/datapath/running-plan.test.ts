import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { entriesAt } from '../../../src/datapath/entries.ts'
import { planEntries, targetsOf } from '../../../src/datapath/plan.ts'
import { RunningPlan } from '../../../src/datapath/running-plan.ts'
import { macOf } from '../../../src/model/ip.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'
import { network, World } from './world.ts'

const own = '192.168.2.1'
const firstIp = 0x0a010105
const macs = ['02:02:0a:01:01:06', '02:02:0a:01:01:63', '0e:00:00:00:00:01', '01:00:5e:00:00:01', 'ff']

const acts = fc.array(
  fc.oneof(
    {
      arbitrary: fc.record({
        kind: fc.constant('endpoint' as const),
        host: fc.integer({ min: 1, max: 4 }),
        id: fc.nat(2),
        ip: fc.nat(3),
        mac: fc.option(fc.constantFrom(...macs), { nil: undefined }),
        follows: fc.boolean(),
      }),
      weight: 6,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('gone' as const),
        host: fc.integer({ min: 1, max: 4 }),
        id: fc.nat(2),
        follows: fc.boolean(),
      }),
      weight: 3,
    },
    {
      arbitrary: fc.record({
        kind: fc.constant('vtep' as const),
        host: fc.integer({ min: 1, max: 4 }),
        vni: fc.integer({ min: 501, max: 502 }),
        address: fc.constantFrom(own, '192.168.2.2', '192.168.2.3', 'x'),
        follows: fc.boolean(),
      }),
      weight: 1,
    },
  ),
  { minLength: 1, maxLength: 40 },
)

describe('datapath running plan', () => {
  const dual = { subnet: parseSubnet('10.1.1.0/24'), subnet6: 'fd00:6::/64', gateway6: '' }

  it('is at every time what is planned from all, and names every entry that changed', () => {
    let followed = 0
    fc.assert(
      fc.property(acts, fc.constantFrom(undefined, dual), (list, ipv6) => {
        const world = new World()
        const { registry } = world
        const self = world.key(1)
        const plan = new RunningPlan({ self, ownAddress: own, network, ipv6 })
        let before = plan.entries
        for (const host of [1, 2, 3]) world.vtep(host, 500)
        for (const act of list) {
          const { host } = act
          if (act.kind === 'endpoint') {
            const ip = firstIp + act.ip
            world.endpoint(host, ip, act.mac ?? macOf(ip), `e${act.id}`)
          } else if (act.kind === 'gone') world.write(host, { kind: 'endpoint-rm', id: `e${act.id}`, network })
          else world.vtep(host, act.vni, act.address)
          if (!act.follows) continue
          const changed = plan.follow(registry)
          const targets = targetsOf(registry.vteps(network), self, own)
          assert.deepEqual(plan.entries, planEntries(registry.endpoints(network), targets, self, ipv6))
          if (changed) {
            followed++
            const same = (keys: ReadonlySet<string>) => (entries: typeof before) => {
              const all = [
                ...[...entries.unicast].map(([mac, target]) => [`u ${mac}`, target]),
                ...[...entries.neighbours].map(([ip, mac]) => [`n ${ip}`, mac]),
                ...[...entries.flood].map(target => [`f ${target}`, '']),
              ]
              return all.filter(([key = '']) => !keys.has(key)).sort()
            }
            assert.deepEqual(same(changed)(plan.entries), same(changed)(before))
          }
          before = structuredClone(plan.entries)
        }
      }),
      { numRuns: 100 },
    )
    assert.ok(followed > 50, `only ${followed} changes were followed`)
  })

  it('looks at all when it is too far behind, and at nothing when nothing changed', () => {
    const world = new World()
    world.vtep(2, 777)
    const plan = new RunningPlan({ self: world.key(1), ownAddress: own, network })
    assert.equal(plan.follow(world.registry), undefined)
    assert.deepEqual(plan.follow(world.registry), new Set())
    world.endpoint(2, firstIp)
    const keys = ['u 02:02:0a:01:01:05', 'n 10.1.1.5', 'f 192.168.2.2 777']
    const changed = plan.follow(world.registry)
    assert.deepEqual(changed, new Set(keys))
    assert.deepEqual(entriesAt(plan.entries, keys), plan.entries)
    for (let at = 0; at < 600; at++) world.endpoint(2, firstIp + (at % 5))
    assert.equal(plan.follow(world.registry), undefined)
  })

  it('a host that publishes its VTEP before its first endpoint costs nothing', () => {
    const world = new World()
    world.vtep(2, 777)
    world.endpoint(2, firstIp)
    const plan = new RunningPlan({ self: world.key(1), ownAddress: own, network })
    plan.follow(world.registry)
    world.vtep(3, 888)
    assert.deepEqual(plan.follow(world.registry), new Set())
    world.endpoint(3, firstIp + 1)
    plan.follow(world.registry)
    assert.equal(plan.entries.unicast.get(macOf(firstIp + 1)), '192.168.2.3 888')
  })
})

/** However the table for published ports came to be, it is what would be made at once, and means what the verdict means. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { removeRuleLeaves } from '../../../src/crdt/object-acts.ts'
import { familyOf } from '../../../src/model/address-match.ts'
import {
  changeCommands,
  compileOutside,
  createBooks,
  type Outlet,
  type OutsideRules,
  type TableState,
  type Verdict,
  verdict,
} from '../../../src/policy/index.ts'
import { judgedBy } from './outside-model.ts'
import { addressOf, stateFor, stateOf, table } from './outside-scene.ts'
import { policies, rules } from './random-rules.ts'
import { createScene } from './scene.ts'
import { Table } from './table-model.ts'

const tenants = ['blue', 'default']
const ids = ['1', '2', '3', '4', '5', '6', '7', '8']
/** Rules that share a map, some by the container's own address. */
const alike = fc.record({
  ...{ direction: fc.constant('in' as const), action: fc.constantFrom('allow' as const, 'deny' as const) },
  ...{ protocol: fc.constant('tcp'), port: fc.constantFrom(80, 81, 82), priority: fc.constantFrom(1, 2, 100) },
  fromIp: fc.constantFrom('', '192.0.2.1', '192.0.2.0/24'),
  toIp: fc.constantFrom('', '', '10.1.2.5', '10.1.2.0/24'),
})
const pools = fc
  .tuple(rules, fc.array(alike, { minLength: 8, maxLength: 8 }))
  .map(([some, same]) => [...some.map(({ rule }) => rule), ...same])
/** Where containers are, by their address on docker_gwbridge: a tenant, a group, an address of network `web` each. */
const places: Readonly<Record<string, readonly (readonly [number, string, string])[]>> = {
  '172.18.0.3': [[1, 'db', '10.1.2.5']],
  '172.18.0.4': [[1, 'db', '10.1.2.7']],
  '172.18.0.5': [
    [1, 'db', '10.1.2.6'],
    [1, 'app', '10.1.2.8'],
  ],
  '172.18.0.6': [
    [1, 'app', '10.1.2.9'],
    [0, 'db', '10.1.2.5'],
  ],
  'fd00::3': [[1, 'db', 'fd00:6::5']],
  'fd00::6': [
    [1, 'app', 'fd00:6::9'],
    [0, 'db', 'fd00:6::5'],
  ],
}
const here = Object.keys(places)
const change = fc.record({
  kind: fc.constantFrom('rule', 'rule', 'rule', 'no rule', 'policies', 'outlets'),
  ...{ scene: fc.nat(1), policy: fc.constantFrom(...policies), id: fc.constantFrom(...ids), at: fc.nat(30) },
  ...{ group: fc.constantFrom('db', 'app'), policies: fc.subarray(policies), outlets: fc.subarray(here) },
})
const callers = ['192.0.2.1', '192.0.2.9', '10.1.2.6', 'fd00:6::6', '2001:db8::1', '9000::'].map(addressOf)
const packets = [
  [6, 80],
  [6, 82],
  [17, 81],
  [1, 0],
  [58, 0],
] as const

/** The lowest decides, and an even one denies. */
const rankOf = ({ rule }: Verdict) =>
  rule ? 2 * (100 - rule.priority) + (rule.value.action === 'allow' ? 1 : 0) : Number.POSITIVE_INFINITY

describe('policy: changes outside as a property', function () {
  this.timeout(120_000)

  it('lead to the table that is made at once, each a transaction that the kernel takes, and it means the verdict', () => {
    let [maps, combined, denied, kept] = [0, 0, 0, 0]
    fc.assert(
      fc.property(pools, fc.array(change, { minLength: 8, maxLength: 20 }), (pool, changes) => {
        const scenes = tenants.map(() =>
          createScene(
            { db: { policies: ['p', 'q'] }, app: { policies: ['q', 'r'] } },
            { p: {}, q: {}, r: {} },
            'fd00:6::/64',
          ),
        )
        const of = <T>(all: readonly T[], at: number) => all[at % all.length] as T
        for (const [at, rule] of pool.slice(-6).entries()) of(scenes, at).addRule('q', of(ids, at), rule)
        const known = scenes.map(({ view }) => createBooks(view))
        const books = (tenant: string) => of(known, tenants.indexOf(tenant))('default')
        const kernel = new Table()
        let outlets = here
        let before: TableState | undefined
        let rulesBefore: OutsideRules | undefined
        for (const each of [undefined, ...changes]) {
          if (each) {
            const scene = of(scenes, each.scene)
            if (each.kind === 'rule') scene.addRule(each.policy, each.id, of(pool, each.at))
            if (each.kind === 'policies') scene.setPolicies(each.group, each.policies)
            if (each.kind === 'outlets') outlets = each.outlets
            if (each.kind === 'no rule') {
              scene.write(view => removeRuleLeaves(view.objects, 'default', each.policy, each.id))
            }
          }
          const all = outlets.map((at): Outlet => {
            const its = (places[at] ?? []).map(([tenant, group, ip]) => {
              return { tenant: of(tenants, tenant), ip: addressOf(ip), group: of(scenes, tenant).group(group) }
            })
            return { address: addressOf(at), places: its }
          })
          const next = compileOutside(all, books, '', rulesBefore)
          if (next.scope === rulesBefore?.scope) kept++
          const state = stateFor(all, next)
          kernel.run(changeCommands(table, before, state))
          const once = new Table()
          const freshly = scenes.map(({ view }) => createBooks(view))
          const atOnce = stateOf(all, tenant => of(freshly, tenants.indexOf(tenant))('default'))
          once.run(changeCommands(table, undefined, atOnce))
          assert.deepEqual(kernel.state(), once.state())
          before = state
          rulesBefore = next
          maps += state.maps.size > 8 ? 1 : 0
          combined += [...state.chains.keys()].some(name => name.startsWith('c_')) ? 1 : 0

          for (const at of outlets) {
            const bridged = addressOf(at)
            for (const other of callers.filter(caller => familyOf(caller) === familyOf(bridged))) {
              for (const [protocol, port] of packets) {
                const there = { ip: other, network: undefined, group: undefined }
                // what a tenant denies is denied, by the rules of all groups there
                const ranks = tenants.map((tenant, number) => {
                  const its = (places[at] ?? []).filter(place => place[0] === number)
                  // the lowest of all its groups there decides
                  return Math.min(
                    ...its.map(([, group, ip]) => {
                      const flow = { src: there, dst: of(scenes, number).party(ip, group), protocol, port }
                      return rankOf(verdict(books(tenant), flow))
                    }),
                  )
                })
                // what a tenant denies is denied
                const isDenied = ranks.some(rank => rank % 2 === 0)
                const chain = state.elements.get(at.includes(':') ? 'receivers6' : 'receivers')?.get(at)
                const packet = { original: other, reply: bridged, protocol, port }
                const found = chain === undefined ? 'allow' : judgedBy(state, chain.replace('jump ', ''), packet)
                assert.equal(found, isDenied ? 'deny' : 'allow', `${at} from ${other}, ${protocol}/${port}`)
                denied += isDenied ? 1 : 0
              }
            }
          }
        }
      }),
      { numRuns: 25 },
    )
    const found = [maps, combined, denied, kept]
    assert.ok(
      found.every((n, at) => n > ([100, 50, 500, 100][at] ?? 0)),
      `one-sided: ${found}`,
    )
  })
})

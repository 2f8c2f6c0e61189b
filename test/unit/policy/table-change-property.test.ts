/** However a table came to be, change by change, it is what would be made of the same rules at once. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { removeRuleLeaves } from '../../../src/crdt/object-acts.ts'
import {
  changeCommands,
  compile,
  compileAtOnce,
  type Domain,
  elementsOf,
  type Loaded,
  type PolicyBook,
  type Ruleset,
  readBook,
  tableState,
  withElements,
} from '../../../src/policy/index.ts'
import { networkId } from './compiled-scene.ts'
import { groups, policies, rules } from './random-rules.ts'
import { createScene } from './scene.ts'
import { Table } from './table-model.ts'

const table = 'inet skein'
const web6 = 'fd00:6::/64'

type Change =
  | { readonly kind: 'rule'; readonly policy: string; readonly id: string; readonly at: number }
  | { readonly kind: 'no rule'; readonly policy: string; readonly id: string }
  | { readonly kind: 'policies'; readonly group: string; readonly policies: readonly string[] }
  | { readonly kind: 'member'; readonly last: number; readonly group: string }
  | { readonly kind: 'networks'; readonly lan: boolean; readonly ipv6: boolean }

/** Rules that share a map, beside those of every kind. */
const alike = fc.record({
  direction: fc.constant('in' as const),
  action: fc.constantFrom('allow' as const, 'deny' as const),
  protocol: fc.constant('tcp'),
  port: fc.constantFrom(80, 81, 82, 83),
  priority: fc.constantFrom(1, 2),
})
const pools = fc
  .tuple(rules, fc.array(alike, { minLength: 6, maxLength: 6 }))
  .map(([some, same]) => [...some.map(({ rule }) => rule), ...same])

const ids = fc.constantFrom('1', '2', '3', '9', '10', 'x', 'y')
const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: fc.constant('rule' as const), policy: fc.constantFrom(...policies), id: ids, at: fc.nat(17) },
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('no rule' as const), policy: fc.constantFrom(...policies), id: ids }),
  },
  fc.record({
    ...{ kind: fc.constant('policies' as const), group: fc.constantFrom(...groups), policies: fc.subarray(policies) },
  }),
  fc.record({
    kind: fc.constant('member' as const),
    last: fc.integer({ min: 5, max: 8 }),
    group: fc.constantFrom('', ...groups),
  }),
  fc.record({ kind: fc.constant('networks' as const), lan: fc.boolean(), ipv6: fc.boolean() }),
)

describe('policy: changes of the table as a property', function () {
  this.timeout(60_000)

  it('lead to the table that is made at once, each a transaction that the kernel takes', () => {
    let [reused, moved] = [0, 0]
    fc.assert(
      fc.property(pools, fc.array(change, { minLength: 10, maxLength: 30 }), (pool, changes) => {
        const scene = createScene(
          { app: { policies: ['p'] }, db: { policies: ['p', 'q'] }, web: { policies: ['r'] } },
          { p: {}, q: {}, r: {} },
          web6,
        )
        for (const [at, rule] of pool.slice(-3).entries()) scene.addRule('p', String(at), rule)
        const members = new Map<number, string>([[0x0a010205, scene.group('app')]])
        let networks = { lan: false, ipv6: true }
        let before: { book: PolicyBook; ruleset: Ruleset; domains: string; loaded: Loaded } | undefined
        const kernel = new Table()
        for (const [at, each] of [undefined, ...changes].entries()) {
          if (each?.kind === 'rule')
            scene.addRule(each.policy, each.id, pool[each.at % pool.length] ?? { action: 'deny' })
          if (each?.kind === 'no rule') {
            scene.write(view => removeRuleLeaves(view.objects, 'default', each.policy, each.id))
          }
          if (each?.kind === 'policies') scene.setPolicies(each.group, each.policies)
          if (each?.kind === 'member' && each.group === '') members.delete(0x0a010200 + each.last)
          if (each?.kind === 'member' && each.group !== '') members.set(0x0a010200 + each.last, scene.group(each.group))
          if (each?.kind === 'networks') networks = each
          const domains: Domain[] = [
            {
              ...{ zone: 5, networks: [networkId(scene, 'web')], devices: ['skbweb'] },
              devices6: networks.ipv6 ? ['skbweb'] : [],
            },
            ...(networks.lan ? [{ zone: 7, networks: [networkId(scene, 'lan')], devices: ['skblan'] }] : []),
          ]
          const book = readBook(scene.view, 'default', before?.book)
          const isSame = before?.book === book && before.domains === JSON.stringify(domains)
          const ruleset = before && isSame ? before.ruleset : compile(book, domains, before?.ruleset)
          const membersOf = (network: string) => (network === networkId(scene, 'web') ? members : new Map())
          const elements = elementsOf(ruleset, membersOf)
          const loaded =
            before && isSame ? withElements(before.loaded, elements, 100 + at) : tableState(ruleset, elements, 100 + at)
          kernel.run(changeCommands(table, before?.loaded, loaded))

          const once = new Table()
          const fresh = compileAtOnce(readBook(scene.view, 'default'), domains, ruleset.marks)
          const { generation } = loaded
          once.run(changeCommands(table, undefined, tableState(fresh, elementsOf(fresh, membersOf), generation)))
          assert.deepEqual(kernel.state(), once.state())
          if (before && isSame) moved++
          if (ruleset.table.maps.size > 0) reused++
          before = { book, ruleset, domains: JSON.stringify(domains), loaded }
        }
      }),
      { numRuns: 40 },
    )
    assert.ok(reused > 100 && moved > 10, `one-sided: ${reused} with maps of rules, ${moved} of members alone`)
  })
})

/** What the kernel would do with the compiled text is what the verdict says, over random rules and flows of both families. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import {
  compile,
  type Domain,
  elementsOf,
  type Flow,
  type Ruleset,
  readBook,
  verdict,
} from '../../../src/policy/index.ts'
import { Kernel, tupleOf } from './kernel.ts'
import { groups, policies, rules } from './random-rules.ts'
import { createScene, type Scene } from './scene.ts'

const web6 = 'fd00:6::/64'
/** Enough that some fit. */
const many = rules.filter(some => some.length >= 6)
const attached = fc.record(Object.fromEntries(groups.map(group => [group, fc.subarray(policies, { minLength: 2 })])))
/** Of an endpoint: its last byte in network `web`, or in `lan`, which has no IPv6. */
const members: readonly (readonly [network: string, last: number, group: string])[] = [
  ['web', 5, 'app'],
  ['web', 6, 'db'],
  ['web', 9, 'web'],
]
const plain = 10

const flow = fc.record({
  family: fc.constantFrom(4 as const, 6 as const),
  src: fc.constantFrom(5, 6, 9, plain),
  dst: fc.constantFrom(5, 6, 9, plain),
  what: fc.constantFrom([6, 80], [6, 81], [6, 82], [17, 81], [1, 0], [58, 0], [132, 0]),
})

function judged(scene: Scene, ruleset: Ruleset, asked: Flow): string {
  const web = scene.view.networkByName('default', 'web')?.id
  const known = new Map(members.map(([, last, group]) => [0x0a010200 + last, scene.group(group)]))
  const elements = elementsOf(ruleset, network => (network === web ? known : new Map()))
  const kernel = new Kernel(ruleset.table.chains, elements, tupleOf(5, asked))
  const [ip, suffix] = typeof asked.src.ip === 'bigint' ? ['ip6', '6'] : ['ip', '']
  kernel.run(`ct zone . ct reply ${ip} saddr vmap @receivers${suffix}`)
  kernel.run(`ct zone . ct original ${ip} saddr vmap @senders${suffix}`)
  return kernel.mark % 2 === 1 ? 'allow' : 'deny'
}

describe('policy: the compiled rules as a property', function () {
  this.timeout(30_000)

  it('judge flows of both families as the verdict does', () => {
    let denied = 0
    fc.assert(
      fc.property(attached, many, fc.array(flow, { minLength: 12, maxLength: 12 }), (on, added, flows) => {
        const placed = Object.fromEntries(groups.map(group => [group, { policies: on[group] ?? [] }]))
        const scene = createScene(placed, { p: {}, q: {}, r: {} }, web6)
        for (const each of added) scene.addRule(each.policy, each.id, each.rule)
        const book = readBook(scene.view, 'default')
        const idOf = (name: string) => scene.view.networkByName('default', name)?.id ?? ''
        const domains: Domain[] = [
          { zone: 5, networks: [idOf('web')], devices: ['skbweb'], devices6: ['skbweb'] },
          { zone: 7, networks: [idOf('lan')], devices: ['skblan'] },
        ]
        const ruleset = compile(book, domains)
        const party = (family: 4 | 6, last: number) =>
          scene.party(
            family === 4 ? `10.1.2.${last}` : `fd00:6::${last.toString(16)}`,
            members.find(each => each[1] === last)?.[2],
          )
        for (const { family, src, dst, what } of flows) {
          const [protocol = 0, port = 0] = what
          const asked = { src: party(family, src), dst: party(family, dst), protocol, port }
          const expected = verdict(book, asked).action
          if (expected === 'deny') denied++
          assert.equal(judged(scene, ruleset, asked), expected, `IPv${family} ${src} -> ${dst} ${what.join('/')}`)
        }
      }),
      { numRuns: 60 },
    )
    assert.ok(denied > 5, 'one-sided')
  })
})

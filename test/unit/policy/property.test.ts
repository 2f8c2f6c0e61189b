import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { Rule } from '../../../src/crdt/objects-view.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { formatIp, parseIp } from '../../../src/model/ip.ts'
import type { RuleValue } from '../../../src/model/rule.ts'
import { type Flow, readBook, verdict } from '../../../src/policy/index.ts'
import { attached, groups, ruleIds, rules } from './random-rules.ts'
import { createScene } from './scene.ts'

const addresses = ['10.1.2.5', '10.1.2.9', '10.1.3.5', '192.0.2.7']
const party = fc.record({ ip: fc.constantFrom(...addresses), group: fc.option(fc.constantFrom(...groups)) })
const flow = fc.record({
  ...{ src: party, dst: party },
  protocol: fc.constantFrom(1, 6, 17, 132),
  port: fc.constantFrom(80, 81, 82),
})

type NamedParty = { ip: string; group: string | null }

/** As the text of I6 has it: every rule at either end that fits, the best of them. */
function reference(view: Registry, flow: { src: NamedParty; dst: NamedParty; protocol: number; port: number }) {
  const of = (group: string | null) =>
    group === null ? [] : (view.objects.groupByName('default', group)?.policies ?? [])
  const rulesOf = (group: string | null, direction: string) =>
    of(group).flatMap(policy =>
      view.objects.rules('default', policy).filter(each => each.value.direction === direction),
    )
  const candidates = [...rulesOf(flow.dst.group, 'in'), ...rulesOf(flow.src.group, 'out')]
  const fitting = candidates.filter(({ value }) => fits(value, flow))
  const best = (better: (a: Rule, b: Rule) => boolean) =>
    fitting.filter(a => !fitting.some(b => b !== a && better(b, a)))
  const top = best((a, b) => a.value.priority > b.value.priority)
  const isDenied = top.some(({ value }) => value.action === 'deny')
  const deciding = top.filter(({ value }) => value.action === (isDenied ? 'deny' : 'allow')).map(({ id }) => id)
  const lowest = ruleIds.find(id => deciding.includes(id))
  return { action: isDenied ? 'deny' : 'allow', id: lowest }
}

function fits(value: RuleValue, { src, dst, protocol, port }: Parameters<typeof reference>[1]): boolean {
  const numbers: Record<string, number> = { icmp: 1, tcp: 6, udp: 17 }
  const networkOf = (text: string) => (text.startsWith('10.1.2.') ? 'web' : text.startsWith('10.1.3.') ? 'lan' : null)
  const inside = (text: string, address: string) => {
    const value = parseIp(address) as number
    if (text.includes('/')) {
      const [base = '', length] = text.split('/')
      const size = 2 ** (32 - Number(length))
      return Math.floor(value / size) === Math.floor((parseIp(base) as number) / size)
    }
    const [first = '', last = first] = text.split('-')
    return value >= (parseIp(first) as number) && value <= (parseIp(last) as number)
  }
  return (
    (value.protocol === '' || (numbers[value.protocol] ?? Number(value.protocol)) === protocol) &&
    (value.port === 0 || value.port === port) &&
    (value.fromGroup === '' || value.fromGroup === src.group) &&
    (value.toGroup === '' || value.toGroup === dst.group) &&
    (value.fromNetwork === '' || value.fromNetwork === networkOf(src.ip)) &&
    (value.toNetwork === '' || value.toNetwork === networkOf(dst.ip)) &&
    (value.fromIp === '' || inside(value.fromIp, src.ip)) &&
    (value.toIp === '' || inside(value.toIp, dst.ip))
  )
}

describe('policy: the verdict as a property', () => {
  it('is that of the text of I6, whatever the rules, with a book that grew with them or one made at the end', () => {
    fc.assert(
      fc.property(attached, rules, fc.array(flow, { minLength: 8, maxLength: 8 }), (on, added, flows) => {
        const scene = createScene(Object.fromEntries(groups.map(group => [group, {}])), { p: {}, q: {}, r: {} })
        let book = readBook(scene.view, 'default')
        const steps = [
          ...Object.entries(on).map(
            ([group, names]) =>
              () =>
                scene.setPolicies(group, names),
          ),
          ...added.map(each => () => scene.addRule(each.policy, each.id, each.rule)),
        ]
        for (const step of steps) {
          step()
          book = readBook(scene.view, 'default', book)
        }
        const fresh = readBook(scene.view, 'default')
        for (const each of flows) {
          const asked: Flow = {
            ...each,
            src: scene.party(each.src.ip, each.src.group ?? undefined),
            dst: scene.party(each.dst.ip, each.dst.group ?? undefined),
          }
          const expected = reference(scene.view, each)
          for (const said of [verdict(book, asked), verdict(fresh, asked)]) {
            const context = `${formatIp(asked.src.ip)} -> ${formatIp(asked.dst.ip)}`
            assert.deepEqual({ action: said.action, id: said.rule?.id }, expected, context)
          }
        }
      }),
      { numRuns: 40 },
    )
  })
})

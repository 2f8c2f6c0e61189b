import assert from 'node:assert/strict'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, it } from 'mocha'
import type { Rule } from '../../../src/crdt/objects-view.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import type { RuleValue } from '../../../src/model/rule.ts'
import { type Flow, readBook, verdict } from '../../../src/policy/index.ts'
import { attached, groups, ruleIds, rules } from './random-rules.ts'
import { createScene } from './scene.ts'

const addresses = {
  4: ['10.1.2.5', '10.1.2.9', '10.1.3.5', '192.0.2.7'],
  6: ['fd00:6::5', 'fd00:6::9', '2001:db8::7'],
}
const flow = fc.constantFrom(4 as const, 6 as const).chain(family => {
  const ip = fc.constantFrom(...addresses[family])
  const party = fc.record({ ip, group: fc.option(fc.constantFrom(...groups)) })
  const protocol = fc.constantFrom(1, 6, 17, 58, 132)
  return fc.record({ family: fc.constant(family), src: party, dst: party, protocol, port: fc.constantFrom(80, 81, 82) })
})

type NamedParty = { ip: string; group: string | null }

/** As the text of I6 has it: every rule at either end that fits, the best of them. */
function reference(
  view: Registry,
  flow: { family: 4 | 6; src: NamedParty; dst: NamedParty; protocol: number; port: number },
) {
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

function fits(value: RuleValue, { family, src, dst, protocol, port }: Parameters<typeof reference>[1]): boolean {
  const numbers: Record<string, number> = { icmp: family === 6 ? 58 : 1, tcp: 6, udp: 17 }
  const networkOf = (text: string) =>
    /^(10\.1\.2\.|fd00:6:)/.test(text) ? 'web' : text.startsWith('10.1.3.') ? 'lan' : null
  const bytes = (text: string) => Buffer.from(ipaddr.parse(text).toByteArray())
  const inside = (text: string, address: string) => {
    if (text.includes(':') !== address.includes(':')) return false
    if (text.includes('/')) {
      const [base = '', length] = text.split('/')
      return (ipaddr.parse(address) as ipaddr.IPv6).match(ipaddr.parse(base) as ipaddr.IPv6, Number(length))
    }
    const [first = '', last = first] = text.split('-')
    return bytes(first).compare(bytes(address)) <= 0 && bytes(address).compare(bytes(last)) <= 0
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

const web6 = 'fd00:6::/64'

describe('policy: the verdict as a property', () => {
  it('is that of the text of I6, whatever the rules, with a book that grew with them or one made at the end', () => {
    fc.assert(
      fc.property(attached, rules, fc.array(flow, { minLength: 8, maxLength: 8 }), (on, added, flows) => {
        const scene = createScene(Object.fromEntries(groups.map(group => [group, {}])), { p: {}, q: {}, r: {} }, web6)
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
            const context = `${each.src.ip} -> ${each.dst.ip}`
            assert.deepEqual({ action: said.action, id: said.rule?.id }, expected, context)
          }
        }
      }),
      { numRuns: 60 },
    )
  })
})

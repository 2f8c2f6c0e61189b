import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { parseFlowKind } from '../../../src/model/flow-kind.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { type Answer, type Party, readBook, verdict, type WayAnswer } from '../../../src/policy/index.ts'
import { attached, groups, rules } from './random-rules.ts'
import { createWhyScene, type Place, type WhyScene } from './why-scene.ts'

const containers: Record<string, Place> = {
  plain: { host: 1, ip: '10.1.2.3' },
  app1: { host: 1, ip: '10.1.2.5', group: 'app' },
  db1: { host: 2, ip: '10.1.2.9', group: 'db' },
  web1: { host: 2, ip: '10.1.2.10', group: 'web' },
}
const outside = '192.0.2.7'
const outside6 = '2001:db8::7'
const families = fc.constantFrom(4 as const, 6 as const)
const inside = [...Object.keys(containers), ...groups.map(group => `${group}.web`)]
const ends = fc
  .tuple(fc.constantFrom(...inside, outside), fc.constantFrom(...inside, outside))
  .filter(([src, dst]) => src !== dst && inside.includes(src === outside ? dst : src))
const flows = fc.constantFrom('tcp', 'tcp/80', 'tcp/82', 'udp', 'udp/81', 'icmp', '132')

/** Parties that the word stands for: of a group one at each border that a rule may draw, and one between. */
function partiesOf(scene: WhyScene, text: string, family: 4 | 6): Party[] {
  const place = containers[text]
  const at = (ip: string) =>
    family === 4 ? ip : ip.replace(/.*\.(\d+)$/, (_, last) => `fd00:6::${Number(last).toString(16)}`)
  if (place) return [scene.party(at(place.ip), place.group)]
  if (text === outside || text === outside6) return [scene.party(text)]
  const [group] = text.split('.')
  return ['10.1.2.1', '10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6', '10.1.2.9', '10.1.2.10', '10.1.2.254'].map(ip =>
    scene.party(at(ip), group),
  )
}

/** Every verdict that a packet of the question can meet, as `verdict` gives it, which the kernel is compared with. */
function verdictsOf(scene: WhyScene, src: string, dst: string, flow: string, family: 4 | 6): Set<string> {
  const book = readBook(scene.view, 'default')
  const { protocol: number, ports } = parseFlowKind(flow)
  const protocol = number === 1 && family === 6 ? 58 : number
  const sample = [80, 81, 82, 83].filter(port => port >= ports[0] && port <= ports[1])
  const found = new Set<string>()
  for (const from of partiesOf(scene, src, family)) {
    for (const to of partiesOf(scene, dst, family)) {
      for (const port of ports[1] === 0 ? [0] : sample) {
        const { action, rule } = verdict(book, { src: from, dst: to, protocol, port })
        found.add(`${action} ${rule?.policy} ${rule?.id} ${rule?.direction}`)
      }
    }
  }
  return found
}

function casesOf({ ways }: Answer): Set<string> {
  const [way] = ways as [WayAnswer]
  return new Set(way.cases.map(({ action, rule }) => `${action} ${rule?.policy} ${rule?.id} ${rule?.direction}`))
}

describe('policy: why as a property', function () {
  this.timeout(30_000)

  it('names the verdicts of the flows that are asked about, all and no others; its commands turn the answer round', () => {
    fc.assert(
      fc.property(
        attached,
        rules,
        fc.array(fc.tuple(ends, flows, families), { minLength: 4, maxLength: 4 }),
        (on, added, asked) => {
          const policies = Object.fromEntries(groups.map(group => [group, { policies: on[group] ?? [] }]))
          const scene = createWhyScene(policies, { p: {}, q: {}, r: {} }, containers, 'fd00:6::/64')
          for (const each of added) scene.addRule(each.policy, each.id, each.rule)
          for (const [ends, flow, family] of asked) {
            const [src, dst] = ends.map(end => (end === outside && family === 6 ? outside6 : end)) as [string, string]
            const answer = scene.ask(src, dst, flow, undefined, family)
            const context = `${src} -> ${dst} ${flow} IPv${family}`
            assert.deepEqual(casesOf(answer), verdictsOf(scene, src, dst, flow, family), context)
            const { change } = answer.ways[0] as WayAnswer
            if (!change || change.commands.length === 0) continue
            for (const command of change.commands) scene.type(command)
            const turned = scene.ask(src, dst, flow, undefined, family).passes
            assert.equal(turned, change.action === 'allow' ? 'yes' : 'no', `${context}: ${change.commands.join('; ')}`)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  const step = 11
  it('finds the same pieces of an address space as one address after the other', () => {
    const ip = fc.integer({ min: 0, max: 23 }).map(n => formatIp(0x0a010201 + n * step))
    const range = fc.tuple(ip, ip).map(([a, b]) => {
      const [first, last] = [a, b].sort((x, y) => Number(x.split('.')[3]) - Number(y.split('.')[3]))
      return first === last ? (first as string) : `${first}-${last}`
    })
    const rule = fc.record({
      fromIp: range,
      toIp: range,
      port: fc.constantFrom(0, 80, 443),
      priority: fc.constantFrom(1, 2, 3),
    })
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), added => {
        const scene = createWhyScene({ app: {}, db: { policies: ['p'] } }, { p: {} }, {})
        added.forEach((each, at) => {
          scene.addRule('p', `${at}`, { ...each, protocol: 'tcp', action: at % 2 === 0 ? 'deny' : 'allow' })
        })
        const book = readBook(scene.view, 'default')
        const found = new Set<string>()
        for (let from = 1; from <= 254; from += step) {
          for (let to = 1; to <= 254; to += step) {
            for (const port of [80, 443, 444]) {
              const [src, dst] = [
                scene.party(formatIp(0x0a010200 + from), 'app'),
                scene.party(formatIp(0x0a010200 + to), 'db'),
              ]
              const { action, rule } = verdict(book, { src, dst, protocol: 6, port })
              found.add(`${action} ${rule?.policy} ${rule?.id} ${rule?.direction}`)
            }
          }
        }
        assert.deepEqual(casesOf(scene.ask('app', 'db', 'tcp')), found)
      }),
      { numRuns: 25 },
    )
  })
})

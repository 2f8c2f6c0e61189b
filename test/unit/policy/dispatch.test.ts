/** A packet's way through the rules is as long with a thousand groups and endpoints as with ten. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { addRuleLeaves, createGroupLeaves, createPolicyLeaves } from '../../../src/crdt/object-acts.ts'
import { spoofText } from '../../../src/datapath/spoof-text.ts'
import { formatIp, macOf } from '../../../src/model/ip.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { compile, type Domain, elementsOf, readBook, tableState } from '../../../src/policy/index.ts'
import { deny, networkId } from './compiled-scene.ts'
import { Kernel, tupleOf } from './kernel.ts'
import { createScene } from './scene.ts'

const few = 10
const many = 1_000
const firstIp = 0x0a020001
const baseChains = ['zoned', 'judge6', 'forwarded']

/**
 * `count` groups, of each one endpoint and a policy that denies what comes from the one before; the first group's policy denies what comes
 * from any of them.
 */
function tableOf(count: number) {
  const scene = createScene({})
  const spec = checkNetwork({ tenant: 'default', name: 'wide', subnet: '10.2.0.0/16', subnet6: 'fd00:2::/64' })
  scene.write(known => createNetworkLeaves(known, { tenant: 'default', name: 'wide', spec }))
  const wide = networkId(scene, 'wide')
  const names = Array.from({ length: count }, (_, n) => `g${n}`)
  const rule = (name: string) => checkRule({ ...deny, fromGroup: name })
  scene.write(({ objects }) =>
    names.flatMap((name, n) => [
      ...createPolicyLeaves(objects, 'default', name),
      ...createGroupLeaves(
        objects,
        { tenant: 'default', name, network: wide, pool: '' },
        { policies: [name], profile: '' },
      ),
      ...addRuleLeaves(objects, 'default', name, 'before', rule(names.at(n - 1) ?? '')),
      ...addRuleLeaves(objects, 'default', 'g0', name, rule(name)),
    ]),
  )
  const domains: Domain[] = [{ zone: 5, networks: [wide], devices: ['skbwide'], devices6: ['skbwide'] }]
  const ruleset = compile(readBook(scene.view, 'default'), domains)
  const members = new Map(names.map((name, n) => [firstIp + n, scene.group(name)]))
  const elements = elementsOf(ruleset, () => members)
  return { scene, ruleset, elements, state: tableState(ruleset, elements, 77) }
}

type Table = ReturnType<typeof tableOf>

/** Statements behind the base chains that the first packet from the one last byte to the other comes to, and the verdict. */
function stepsOf({ scene, ruleset, elements }: Table, family: 4 | 6, from: number, to: number): [number, string] {
  const at = (last: number) => scene.party(family === 4 ? `10.2.0.${last}` : `fd00:2::${last.toString(16)}`)
  const flow = { src: at(from), dst: at(to), protocol: 6, port: 80 }
  const kernel = new Kernel(ruleset.table.chains, elements, tupleOf(5, flow))
  const [ip, suffix] = family === 4 ? ['ip', ''] : ['ip6', '6']
  kernel.run(`ct zone . ct reply ${ip} saddr vmap @receivers${suffix}`)
  kernel.run(`ct zone . ct original ${ip} saddr vmap @senders${suffix}`)
  return [kernel.steps, kernel.mark % 2 === 0 ? 'denied' : 'passes']
}

describe('policy: dispatch', function () {
  this.timeout(20_000)

  it('is as long for a thousand groups, their endpoints and the rules that name them as for ten', () => {
    const [small, large] = [tableOf(few), tableOf(many)]
    const base = ({ state }: Table) => baseChains.map(name => state.chains.get(name))
    assert.deepEqual(base(large), base(small))
    assert.ok(base(small).every(lines => lines !== undefined && lines.length > 1))
    for (const family of [4, 6] as const) {
      const receivers = family === 4 ? 'receivers' : 'receivers6'
      const sizes = [small, large].map(({ elements }) => elements.get(receivers)?.size)
      assert.deepEqual(sizes, [few, many], 'an element for each endpoint')
      for (const [from, to] of [
        [1, 2], // a rule names the sender's group
        [2, 1], // one of as many rules as there are groups does
        [3, 9], // none does
      ] as const) {
        const steps = stepsOf(small, family, from, to)
        assert.deepEqual(stepsOf(large, family, from, to), steps, `IPv${family} .${from} -> .${to}`)
        assert.equal(steps[1], to === 9 ? 'passes' : 'denied')
      }
    }
  })

  it('of the guard against forged addresses is the same text for a thousand containers as for ten, but for its elements', () => {
    const rules = (count: number) => {
      const ports = Array.from({ length: count }, (_, n) => {
        const ip = firstIp + n
        return [`skp${n}`, { mac: macOf(ip), ip: formatIp(ip), ip6: '' }] as const
      })
      const text = spoofText(new Map(ports))
      assert.ok(text.includes('"skp9"'), text)
      return text.split('\n').filter(line => !line.startsWith('add element '))
    }
    assert.deepEqual(rules(many), rules(few))
  })
})

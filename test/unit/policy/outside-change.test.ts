/** What the kernel is told of published ports when something changes. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { addRuleLeaves, removeRuleLeaves } from '../../../src/crdt/object-acts.ts'
import { checkRule, type RuleRequest } from '../../../src/model/rule.ts'
import { changeCommands, createBooks, type TableState } from '../../../src/policy/index.ts'
import { judgedBy } from './outside-model.ts'
import { addressOf, deny, outlet, stateOf, table } from './outside-scene.ts'
import { createScene, type SceneRules } from './scene.ts'
import { Table } from './table-model.ts'

const bridged = '172.18.0.3'
const commandsOf = (before: TableState, after: TableState) => changeCommands(table, before, after)
const verbs = (commands: readonly string[]) => commands.map(line => line.split(' ').slice(0, 2).join(' '))

function prepare(rules: SceneRules[string]) {
  const scene = createScene({ db: { policies: ['p'] }, app: { policies: ['q'] } }, { p: rules, q: { '9': deny } })
  return { scene, books: createBooks(scene.view), db: outlet(scene, bridged, ['10.1.2.5', 'db']) }
}

/** What becomes of a connection to the container there. */
function judged(state: TableState, port: number, at = bridged): string {
  const chain = state.elements.get('receivers')?.get(at)?.replace('jump ', '') ?? assert.fail(at)
  return judgedBy(state, chain, { original: addressOf('192.0.2.1'), reply: addressOf(at), protocol: 6, port })
}

describe('policy: changes outside', () => {
  it('keep counters of rules that stay, and leave what does not differ', () => {
    const { scene, books, db } = prepare({ '1': { ...deny, port: 22 } })
    const before = stateOf([db], books)
    assert.deepEqual(commandsOf(before, stateOf([db], books)), [])
    const starting = commandsOf(before, stateOf([db], books, undefined, true))
    assert.deepEqual(verbs(starting), ['flush chain', ...Array.from({ length: 4 }, () => 'add rule')])
    assert.ok(starting.every(line => line.split(' ')[4] === 'starting'))
    assert.equal(starting.filter(line => line.includes('saddr != @known6 drop')).length, 2, 'by IPv6, too')
    scene.addRule('p', '2', { ...deny, port: 23 })
    const commands = commandsOf(before, stateOf([db], books))
    assert.equal(commands.filter(line => line.startsWith('delete counter')).length, 0)
    assert.equal(commands.filter(line => line.startsWith('add counter')).length, 1)
    assert.ok(!commands.some(line => line.includes('flush chain inet skein_outside judge')))
  })

  it('are short whatever the number of rules: one more among 5,000, of a rank that is there or of one that is not', function () {
    this.timeout(60_000)
    const rules = Array.from({ length: 5_000 }, (_, n): [string, RuleRequest] => {
      const fromIp = `172.20.${n >> 8}.${n & 255}`
      return [`${n}`, { ...deny, action: n & 1 ? 'allow' : 'deny', priority: 1 + (n % 100), port: 1 + n, fromIp }]
    })
    const { scene, books, db } = prepare({})
    for (let at = 0; at < rules.length; at += 500) {
      scene.write(({ objects }) =>
        rules.slice(at, at + 500).flatMap(([id, rule]) => addRuleLeaves(objects, 'default', 'p', id, checkRule(rule))),
      )
    }
    const outlets = [db, outlet(scene, 'fd00::3', ['fd00:6::5', 'db'])]
    const before = stateOf(outlets, books)
    scene.addRule('p', 'like', { ...deny, port: 9_999, fromIp: '172.20.200.1' })
    const among = stateOf(outlets, books)
    const alike = commandsOf(before, among)
    assert.deepEqual(verbs(alike), ['add counter', 'add chain', 'add rule', 'add element'])
    scene.addRule('p', 'first', { ...deny, protocol: 'udp', port: 53, priority: 100 })
    const first = stateOf(outlets, books)
    const other = commandsOf(among, first)
    assert.ok(other.length < 40, `${other.length} commands`)
    assert.ok(other.join('; ').length < 5_000, `${other.join('; ').length} characters`)
    const back = commandsOf(first, among)
    assert.ok(back.length < 40, `${back.length} commands`)
    assert.equal(judged(among, 7), 'allow')
  })

  it('go on from what an earlier version left: IPv4 alone, lists named by what they say', () => {
    const { scene, books, db } = prepare({ '1': { ...deny, port: 22 }, '2': { ...deny, port: 23 } })
    const kernel = new Table()
    const list = 'in_0123456789abcdef01234567'
    const after = stateOf([db, outlet(scene, 'fd00::3', ['::', 'db'])], books)
    const ofIpv4 = ['receivers', 'senders', 'judged', 'known']
    const ends = [...after.chains].filter(([name]) => name.startsWith('e_'))
    const rules = ends.map(([name], at) => `6 . ${22 + at} : goto ${name}`).join(', ')
    const bases = [...after.chains].filter(([name]) => ['forwarded', 'from_host', 'to_host'].includes(name))
    kernel.run(
      changeCommands(table, undefined, {
        chains: new Map([...ends, ...bases, ['judge', []], ['starting', []], [list, [`selector vmap { ${rules} }`]]]),
        maps: new Map([...after.maps].filter(([name]) => ofIpv4.includes(name))),
        counters: after.counters,
        elements: new Map([['receivers', new Map([[bridged, `jump ${list}`]])]]),
      }),
    )
    const { maps, chains, counters, elements } = kernel
    const left: TableState = {
      ...{ maps: new Map(maps), counters: new Map([...counters].map(name => [name, '' as const])) },
      chains: new Map([...chains.keys()].map(name => [name, ['?']])),
      elements: new Map([...elements].map(([name, its]) => [name, new Map(its)])),
    }
    // not all is known: what is there stays
    const unknowing = stateOf([outlet(scene, '172.18.0.4', ['10.1.2.6', 'app'])], books, left)
    kernel.run(commandsOf(left, unknowing))
    assert.equal(kernel.elements.get('receivers')?.get(bridged), `jump ${list}`)
    assert.match(kernel.chains.get(list)?.join() ?? '', /22 : goto/)
    assert.equal(judged(unknowing, 22, '172.18.0.4'), 'deny')
    const commands = commandsOf(unknowing, after)
    kernel.run(commands)
    assert.ok(!commands.some(line => line.startsWith('delete table')), 'one transaction, and nothing goes first')
    const once = new Table()
    once.run(changeCommands(table, undefined, after))
    assert.deepEqual(kernel.state(), once.state())
  })

  it('add to what an earlier run left while the peer does not know all, and no list there is another', () => {
    const own = { ...deny, port: 24, toIp: '10.1.2.7' }
    const { scene, books, db } = prepare({ '1': { ...deny, port: 22 }, '2': { ...deny, port: 23 }, '3': own })
    const full = stateOf([db], books)
    const left = { ...full, chains: new Map([...full.chains.keys()].map(name => [name, ['?']])) }
    // as if this peer had not heard of rule 2 yet, and heard of an allow that the earlier run did not know
    scene.write(view => removeRuleLeaves(view.objects, 'default', 'p', '2'))
    scene.addRule('p', '4', { ...deny, action: 'allow', port: 22, priority: 50 })
    const like = outlet(scene, '172.18.0.4', ['10.1.2.7', 'db'])
    const added = stateOf([like], books, left)
    const commands = commandsOf(left, added)
    const bases = ['starting', 'judge', 'forwarded', 'from_host', 'to_host']
    for (const line of commands) {
      const [verb, kind, , , name = ''] = line.split(' ')
      assert.notEqual(verb, 'delete', line)
      if (kind === 'chain' && verb === 'flush') assert.ok(bases.includes(name), line)
    }
    const kernel = new Table()
    kernel.run(changeCommands(table, undefined, full))
    kernel.run(commands)
    const state = { chains: new Map([...kernel.chains]), elements: kernel.elements } as unknown as TableState
    const at = (port: number) => [judged(state, port), judged(state, port, '172.18.0.4')]
    assert.deepEqual(at(22), ['deny', 'allow'], 'what is there stays, a new container has what is known')
    assert.deepEqual(at(23), ['deny', 'allow'])
    assert.deepEqual(at(24), ['allow', 'deny'], 'by its own address')
    assert.ok(kernel.chains.get('judge')?.includes('ip6 saddr fe80::/10 counter drop'))
  })
})

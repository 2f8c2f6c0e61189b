/** What the kernel itself holds after many changes, next to what it holds if it is told all at once. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { after, before, describe, it } from 'mocha'
import { removeRuleLeaves } from '../../../src/crdt/object-acts.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { run } from '../../../src/lib/exec.ts'
import { createNftChild, type NftChild } from '../../../src/lib/nft-child.ts'
import type { RuleRequest } from '../../../src/model/rule.ts'
import {
  changeCommands,
  compile,
  createBooks,
  type Domain,
  elementsOf,
  outsideTable,
  type PolicyBook,
  policyTable,
  type Ruleset,
  readBook,
  readListing,
  sameElements,
  type TableState,
  tableState,
} from '../../../src/policy/index.ts'
import { networkId } from '../../unit/policy/compiled-scene.ts'
import { outlet, stateOf } from '../../unit/policy/outside-scene.ts'
import { groups, policies, rules } from '../../unit/policy/random-rules.ts'
import { createScene } from '../../unit/policy/scene.ts'

const steps = 40

describe('policies: changes in the kernel', function () {
  this.timeout(120_000)
  const [stepwise, atOnce] = ['a', 'b'].map(end => `nft-${process.pid}-${end}`) as [string, string]
  let child: NftChild

  const nft = async (namespace: string, args: string[], input = '') => {
    const argv = [`--net=/run/netns/${namespace}`, 'nft', ...args]
    const { code, stdout, stderr } = await run('nsenter', argv, { input })
    assert.equal(code, 0, stderr)
    return stdout
  }
  const list = (namespace: string, table: string) => nft(namespace, ['-s', '-p', 'list', 'table', ...table.split(' ')])
  /** Declarations and their elements in one order: the kernel has them in that in which they came. */
  const parts = (text: string) =>
    text
      .replace(/\n\}\n$/, '')
      .split(/\n(?=\t\w+ \S+ \{)/)
      .map(part => part.split(/[,\s]+/).filter(word => word !== ''))
      .map(words => (words[0] === 'map' || words[0] === 'set' ? words.sort() : words).join(' '))
      .sort()

  before(async () => {
    for (const name of [stepwise, atOnce]) assert.equal((await run('ip', ['netns', 'add', name])).code, 0)
    child = createNftChild({ namespace: stepwise, clock: systemClock })
  })
  after(async () => {
    await child?.close()
    for (const name of [stepwise, atOnce]) await run('ip', ['netns', 'del', name])
  })

  /** Brings one kernel from state to state, the other to the last at once; both must list the same, and what was meant. */
  async function assertSame(table: string, was: TableState | undefined, is: TableState): Promise<void> {
    const commands = changeCommands(table, was, is)
    if (was) assert.equal(await child.run(commands.join('; ')), '', commands.join('\n'))
    else await nft(stepwise, ['-f', '-'], commands.join('\n'))
    await nft(atOnce, ['-f', '-'], changeCommands(table, undefined, is).join('\n'))
    const [one, other] = [await list(stepwise, table), await list(atOnce, table)]
    assert.deepEqual(parts(one), parts(other))
    assert.ok(
      sameElements(readListing(one).elements, is.elements),
      'elements are listed otherwise than they were given',
    )
  }

  it('are listed as by a process of its own, however long, beside what is carried out', async () => {
    const numbers = Array.from({ length: 9_000 }, (_, n) => `10.${n >> 8}.${n & 0xff}.1`)
    const table = 'table ip listed { set short { type inet_proto; elements = { tcp, 99 }; }\n'
    const long = `set long { type ipv4_addr; elements = { ${numbers.join(', ')} }; }\n}`
    await nft(stepwise, ['-f', '-'], `${table}${long}`)
    const [all, one] = ['table ip listed', 'set ip listed short']
    const [whole, part] = [
      await list(stepwise, 'ip listed'),
      await nft(stepwise, ['-s', '-p', 'list', ...one.split(' ')]),
    ]
    const answers = await Promise.all([
      child.list(`list ${all}`),
      child.run('add element ip listed short { 100 }'),
      child.list('list table ip nowhere'),
      child.run('delete element ip listed short { 100 }'),
      child.list(`list ${one}`),
      child.run('add element ip listed nowhere { 1 }'),
    ])
    assert.deepEqual(answers.slice(0, 5), [whole, '', '', '', part])
    assert.match(String(answers[5]), /No such file/)
    assert.equal(await child.run('delete table ip listed'), '')
    assert.equal(await child.list(`list ${all}`), '')
  })

  it('lead to the same table as loading it whole, rule by rule and member by member', async () => {
    const random = fc.sample(rules, { numRuns: 20, seed: 7 }).flatMap(some => some.map(({ rule }) => rule))
    const alike = Array.from({ length: 40 }, (_, n): RuleRequest => {
      const ends = [{}, { fromIp: '10.9.9.0/24' }, { fromIp: '10.9.9.9' }]
      return {
        action: n & 1 ? 'allow' : 'deny',
        protocol: 'tcp',
        port: 80 + (n % 5),
        priority: 1 + (n & 1),
        ...ends[n % 3],
      }
    })
    const choices = fc.sample(fc.array(fc.nat(1_000), { minLength: 4, maxLength: 4 }), { numRuns: steps, seed: 7 })
    const scene = createScene(
      { app: { policies: ['p'] }, db: { policies }, web: {} },
      { p: {}, q: {}, r: {} },
      'fd00:6::/64',
    )
    const domains: Domain[] = [
      { zone: 5, networks: [networkId(scene, 'web')], devices: ['skbweb'], devices6: ['skbweb'] },
    ]
    const of = <T>(all: readonly T[], at: number) => all[at % all.length] as T
    const members = new Map([[0x0a010205, scene.group('app')]])
    let [book, ruleset]: [PolicyBook | undefined, Ruleset | undefined] = [undefined, undefined]
    let inside: TableState | undefined
    for (const [step, [kind = 0, a = 0, b = 0, c = 0]] of choices.entries()) {
      const [policy, id] = [of(policies, a), String(b % 12)]
      if (kind % 4 < 2) scene.addRule(policy, id, of(kind & 4 ? alike : random, c))
      else if (kind % 4 === 2) scene.write(view => removeRuleLeaves(view.objects, 'default', policy, id))
      else if (kind & 4) scene.setPolicies(of(groups, a), policies.slice(b % 3))
      else members.set(0x0a010205 + (a % 4), scene.group(of(groups, b)))
      for (const at of [c, c + 1]) scene.addRule('p', String(at % 12), of(alike, at))
      book = readBook(scene.view, 'default', book)
      ruleset = compile(book, domains, ruleset)
      const now = tableState(
        ruleset,
        elementsOf(ruleset, () => members),
        100 + step,
      )
      await assertSame(`inet ${policyTable}`, inside, now)
      inside = now
    }
    assert.ok((ruleset?.table.maps.size ?? 0) > 1, 'no map of rules was ever used')
  })

  it('lead to the same table for published ports, with own addresses in rules, and both families', async () => {
    const scene = createScene({ app: { policies: ['p'] }, db: { policies } }, { p: {}, q: {}, r: {} }, 'fd00:6::/64')
    const books = createBooks(scene.view)
    const of = <T>(all: readonly T[], at: number) => all[at % all.length] as T
    const ends4 = [{}, { fromIp: '10.9.9.0/24' }, { fromIp: '10.9.9.9' }, { toIp: '10.1.2.5' }, { toIp: '10.1.2.0/24' }]
    const ends6 = [{ fromIp: 'fd00:9::/64' }, { fromIp: 'fd00:9::9', toIp: 'fd00:6::5' }, { toIp: 'fd00:6::/64' }]
    const ends = [...ends4, ...ends6]
    const alike = Array.from({ length: 80 }, (_, n): RuleRequest => {
      const common = {
        action: n & 1 ? 'allow' : 'deny',
        protocol: 'tcp',
        port: 80 + (n % 3),
        priority: 1 + (n % 7) * 12,
      }
      return { ...common, ...of(ends, n) }
    })
    const outlets = [
      outlet(scene, '172.18.0.3', ['10.1.2.5', 'db']),
      outlet(scene, 'fd00::3', ['fd00:6::5', 'db']),
      outlet(scene, '172.18.0.4', ['10.1.2.6', 'app'], ['10.1.2.7', 'db']),
      outlet(scene, 'fd00::4', ['fd00:6::6', 'app']),
    ]
    const choices = fc.sample(fc.array(fc.nat(1_000), { minLength: 3, maxLength: 3 }), { numRuns: steps, seed: 8 })
    let before: TableState | undefined
    for (const [a = 0, b = 0, c = 0] of choices) {
      if (a % 4 === 0) scene.write(view => removeRuleLeaves(view.objects, 'default', of(policies, b), String(c % 9)))
      else for (const at of [c, c + 1, c + 8]) scene.addRule(of(policies, b), String(at % 9), of(alike, at))
      const now = stateOf(a % 5 === 0 ? outlets.slice(b % 3) : outlets, books)
      await assertSame(`inet ${outsideTable}`, before, now)
      before = now
    }
    assert.ok(
      [...(before?.maps.keys() ?? [])].some(name => name.includes('_own_')),
      'no own address was ever a key',
    )
  })
})

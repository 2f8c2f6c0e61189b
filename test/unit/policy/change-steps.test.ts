/** What a changed rule costs this process, from the records to the commands for the kernel. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { addRuleLeaves, removeRuleLeaves } from '../../../src/crdt/object-acts.ts'
import { formatAddress } from '../../../src/model/address-match.ts'
import { checkRule, type RuleRequest } from '../../../src/model/rule.ts'
import {
  changeCommands,
  compile,
  compileOutside,
  createBooks,
  type Loaded,
  memberElements,
  type OutsideRules,
  outsideState,
  type Ruleset,
  type TableState,
  tableState,
  withMembers,
} from '../../../src/policy/index.ts'
import { stepsOf } from '../../support/work.ts'
import { domainsOf } from './compiled-scene.ts'
import { outlet, table as outsideTable } from './outside-scene.ts'
import { createScene } from './scene.ts'

const groups = ['db', 'app', 'web']

/** Alike in turn: by the sender's group, by its address, by its own address, by a port alone; of 50 priorities. */
function ruleNumber(n: number): RuleRequest {
  const common = { action: n & 1 ? 'allow' : 'deny', priority: 1 + (n % 50), protocol: 'tcp', port: 1 + n }
  const address = `172.20.${n >> 8}.${n & 255}`
  return {
    ...common,
    ...[{ fromGroup: groups[n % 3] ?? '' }, { fromIp: address }, { toIp: '10.1.2.5', fromIp: address }, {}][n % 4],
  }
}

/** A tenant with so many rules on both tables, as they follow what is written. */
function hostWith(rules: number) {
  const scene = createScene(
    { db: { policies: ['p'] }, app: { policies: ['p', 'q'] }, web: {} },
    { p: {}, q: {} },
    'fd00:6::/64',
  )
  for (let at = 0; at < rules; at += 100) {
    scene.write(({ objects }) =>
      Array.from({ length: 100 }, (_, n) =>
        addRuleLeaves(objects, 'default', 'p', String(at + n), checkRule(ruleNumber(at + n))),
      ).flat(),
    )
  }
  const books = createBooks(scene.view)
  const domains = domainsOf(scene)
  const outlets = [
    outlet(scene, '172.18.0.3', ['10.1.2.5', 'db']),
    outlet(scene, '172.18.0.4', ['10.1.2.6', 'app']),
    outlet(scene, 'fd00::3', ['fd00:6::5', 'db']),
  ]
  const known = outlets.map(({ address }) => formatAddress(address))
  let [inside, outside]: [[Ruleset, Loaded] | undefined, [OutsideRules, TableState] | undefined] = [
    undefined,
    undefined,
  ]
  const follow = (generation: number): string[] => {
    const ruleset = compile(books('default'), domains, inside?.[0])
    const loaded = tableState(
      ruleset,
      withMembers(
        ruleset,
        memberElements(ruleset, () => new Map()),
      ),
      generation,
    )
    const judged = compileOutside(outlets, books, '', outside?.[0])
    const state = outsideState({ rules: judged, known, isStarting: false, bridge: 'docker_gwbridge' })
    const commands = [
      ...changeCommands('inet skein', inside?.[1], loaded),
      ...changeCommands(outsideTable, outside?.[1], state),
    ]
    inside = [ruleset, loaded]
    outside = [judged, state]
    return commands
  }
  return { scene, follow }
}

describe('policy: what a changed rule costs', function () {
  this.timeout(60_000)

  it('is the same among thousands of rules as among hundreds, between containers and at published ports', () => {
    const changes: readonly RuleRequest[] = [
      { action: 'deny', protocol: 'tcp', port: 9_999, fromIp: '172.20.200.1', priority: 3 },
      { action: 'allow', protocol: 'tcp', port: 9_999, fromGroup: 'web', priority: 50 },
      { action: 'deny', protocol: 'udp', port: 53, priority: 100 },
      { action: 'deny', fromIp: '192.0.2.0/24', toIp: '10.1.2.0/24', priority: 3 },
    ]
    const [few = [], many = []] = [200, 2_000].map(count => {
      const { scene, follow } = hostWith(count)
      assert.ok(follow(1).length > count)
      return changes.flatMap((change, at) => {
        let said: string[] = []
        scene.addRule('p', 'more', change)
        const added = stepsOf(() => {
          said = follow(2 * at + 2)
        })
        assert.ok(
          said.some(line => line.startsWith('add counter inet skein ')),
          `${said}`,
        )
        assert.ok(said.some(line => line.startsWith('add counter inet skein_outside ')) || change.fromGroup, `${said}`)
        scene.write(view => removeRuleLeaves(view.objects, 'default', 'p', 'more'))
        const removed = stepsOf(() => {
          said = follow(2 * at + 3)
        })
        assert.ok(
          said.some(line => line.startsWith('delete counter inet skein ')),
          `${said}`,
        )
        return [added, removed]
      })
    })
    assert.equal(few.length, 2 * changes.length)
    for (const [at, steps] of few.entries()) assert.ok((many[at] ?? 0) < 1.5 * steps, `${few} -> ${many}`)
  })
})

/** The rules of a policy are kept in order as records come. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import { addRuleLeaves, createPolicyLeaves, removeRuleLeaves } from '../../../src/crdt/object-acts.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { stepsOf } from '../../support/work.ts'
import { objectMakers } from './random-objects.ts'
import { registryOf, World, type Writer } from './writer.ts'

const names = ['web', 'db']
const rulesIn = ({ objects }: Registry) => names.map(name => objects.rules('default', name))

describe('crdt: rules in order', function () {
  this.timeout(60_000)

  it('are what all records at once make, however often they were asked for in between', () => {
    let longest = 0
    const steps = fc.array(fc.tuple(fc.nat(7), fc.nat(7), fc.boolean(), fc.boolean()), { minLength: 10, maxLength: 40 })
    fc.assert(
      fc.property(steps, list => {
        const world = new World(2).settleAll()
        const asked = new Registry(world.meshId, verifySignature)
        // the second writer does not know what the first has done since
        let known = world.all
        const applied = [0, 0]
        for (const [at, pick, isSecond, isTold] of list) {
          if (isTold) known = world.all
          const writer = world.at(isSecond ? 2 : 1)
          const leaves = objectMakers[at]?.(isSecond ? known : world.all, writer, pick) ?? []
          if (leaves.length > 0) writer.write(leaves)
          for (const [n, { batches }] of world.writers.entries()) {
            for (const batch of batches.slice(applied[n])) asked.apply(batch)
            applied[n] = batches.length
          }
          const found = rulesIn(asked)
          assert.deepEqual(found, rulesIn(registryOf(world.meshId, world.batches)))
          for (const [n, rules] of rulesIn(asked).entries()) assert.equal(rules, found[n], 'the same array')
          longest = Math.max(longest, ...found.map(rules => rules.length))
        }
      }),
      { numRuns: 60 },
    )
    assert.ok(longest > 2, `one-sided: ${longest} rules at most`)
  })

  it('cost a change among thousands what it costs among hundreds', () => {
    const steps = [200, 2_000].map(count => {
      const world = new World(1).settleAll()
      const view = world.all
      const write = (leaves: Parameters<Writer['write']>[0]) => {
        world.at(1).write(leaves)
        const [batch] = world.at(1).batches.slice(-1)
        if (batch) view.apply(batch)
      }
      write(createPolicyLeaves(view.objects, 'default', 'web'))
      const add = (id: string, port: number) =>
        addRuleLeaves(view.objects, 'default', 'web', id, checkRule({ action: 'deny', protocol: 'tcp', port }))
      for (let at = 0; at < count; at += 200) {
        write(Array.from({ length: 200 }, (_, n) => add(String(at + n), 1 + at + n)).flat())
      }
      const found = new Set([view.objects.rules('default', 'web').length])
      write(add('more', 9_999))
      const added = stepsOf(() => found.add(view.objects.rules('default', 'web').length))
      write(removeRuleLeaves(view.objects, 'default', 'web', 'more'))
      const removed = stepsOf(() => found.add(view.objects.rules('default', 'web').length))
      assert.deepEqual([...found], [count, count + 1])
      return added + removed
    })
    assert.ok((steps[1] ?? 0) < 1.5 * (steps[0] ?? 0), `${steps}`)
  })
})

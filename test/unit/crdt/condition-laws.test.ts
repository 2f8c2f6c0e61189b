import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { ConditionKind } from '../../../src/crdt/condition.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { conditionsAmong } from '../cli/condition-histories.ts'
import { historyOf, interleave, steps } from './random-history.ts'
import { signerAt, World, Writer } from './writer.ts'

/** Whose remedies name hosts. */
const kinds: readonly ConditionKind[] = [
  ...(['writer-forked', 'succeeded', 'succeeded-twice', 'removal-pending', 'removed-unasserted'] as const),
  ...(['mutual-removal', 'block-forked', 'address-forked', 'forged-records', 'checkpoint-unjust'] as const),
]

const choices = fc.array(fc.nat(20), { minLength: 1, maxLength: 30 })
const listOf = (registry: Registry) => JSON.stringify(registry.conditions())

describe('crdt: the list of conditions', () => {
  it('is the same, byte for byte, whatever came first; has each once, and each with a remedy', function () {
    this.timeout(30_000)
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(steps, { minLength: 2, maxLength: 3 }), choices, choices, (lists, first, second) => {
        const { world, chains } = historyOf(lists.flat())
        const [a, b] = [first, second].map(order => {
          const registry = new Registry(world.meshId, verifySignature)
          for (const batch of interleave(chains, order)) registry.apply(batch)
          return registry
        })
        assert.equal(listOf(a as Registry), listOf(b as Registry))
        const conditions = (a as Registry).conditions()
        const names = conditions.map(({ kind, objects, text }) => JSON.stringify([kind, objects, text]))
        assert.equal(new Set(names).size, names.length)
        for (const { kind, objects, text, remedy, commands = [] } of conditions) {
          seen.add(kind)
          assert.ok(objects.length > 0 && text !== '' && remedy !== '', kind)
          for (const command of commands) assert.ok(remedy.includes(command), `${kind}: ${command}`)
        }
      }),
      { numRuns: 40 },
    )
    assert.ok(seen.size >= 5, `these histories had only ${[...seen]}`)
  })

  it('has one order also for two hosts of one name whose histories parted at one moment', () => {
    const world = new World(1)
    const twins = [2, 3].map(seed => new Writer(signerAt(seed), world.meshId))
    const invitation = world.invite(1, 90, 2)
    const known = world.known()
    world.at(1).write([known, ...twins.map(({ key }) => world.admission(key, 'twin', invitation, known))])
    const lists = [twins, [...twins].reverse()].map(order => {
      const registry = world.all
      for (const { key } of order) registry.noteFork(key, [5, 0])
      return registry
    })
    assert.equal(lists[0]?.conditions().length, 2)
    assert.equal(listOf(lists[0] as Registry), listOf(lists[1] as Registry))
  })

  it('holds nothing that moves a cursor or ends a command, whatever a host or a container is called', () => {
    const world = new World(1)
    const evil = new Writer(signerAt(2), world.meshId)
    const invitation = world.invite(1, 90)
    const known = world.known()
    world.at(1).write([known, world.admission(evil.key, 'x;reboot\u001b[2J\n\u202e', invitation, known)])
    const registry = world.all
    registry.noteFork(evil.key, [5, 0])
    const [condition] = registry.conditions()
    assert.match(condition?.text ?? '', /^x;reboot\?\[2J\?\? has two histories/)
    assert.match(condition?.remedy ?? '', new RegExp(`skein peer rm ${evil.key.slice(0, 12)} --host-is-down$`))
  })

  for (const [what, nameOf] of [
    ['no word of a shell', (number: number) => `x;reboot${number}`],
    ['that of several hosts', () => 'reboot'],
  ] as const) {
    it(`names a host in a remedy by its key where its name is ${what}`, () => {
      const conditions = conditionsAmong(nameOf)
      for (const { kind, remedy, commands = [] } of conditions) {
        for (const typed of [remedy, ...commands]) assert.doesNotMatch(typed, /reboot/, kind)
      }
      const naming = conditions.filter(({ text }) => text.includes('reboot')).map(({ kind }) => kind)
      for (const kind of kinds) assert.ok(naming.includes(kind), `no condition ${kind} names a host`)
    })
  }
})

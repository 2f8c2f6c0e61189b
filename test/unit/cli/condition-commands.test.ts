import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { type ConditionKind, conditionKinds } from '../../../src/crdt/condition.ts'
import type { Condition } from '../../../src/crdt/registry-view.ts'
import { everyCondition } from './condition-histories.ts'
import { runCli } from './fixture.ts'

/** What is to be typed: from `skein` to a comma, a semicolon or the end. */
function commandsIn({ remedy }: Condition): string[] {
  return remedy.split(/[,;]\s|[,;]?$/).flatMap(part => /\bskein .*$/.exec(part)?.[0] ?? [])
}

/** Skein ends nobody's containers: what only their end resolves is resolved by Docker's command. */
const dockerCommand = /\bdocker (rm -f|network disconnect \S+ CONTAINER)\b/

const wordsOf = (command: string) =>
  [...command.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replace(/"/g, '')).slice(1)

describe('cli: every command of a condition', () => {
  it('is one that the program takes', async function () {
    this.timeout(60_000)
    const conditions = everyCondition()
    // one of each form is typed: names and numbers do not matter to the grammar
    const forms = new Map<string, { kind: ConditionKind; command: string }>()
    for (const condition of conditions) {
      for (const command of [...commandsIn(condition), ...(condition.commands ?? [])]) {
        const form = `${condition.kind} ${command.replace(/[0-9a-f]{6,}|\d+/g, '#')}`
        forms.set(form, { kind: condition.kind, command })
      }
    }
    const answered = new Set<ConditionKind>()
    for (const [form, { kind, command }] of forms) {
      const { code, stderr } = await runCli('skein', wordsOf(command), { SKEIN_HOST: '/nowhere/skein.sock' })
      assert.match(stderr, /\/nowhere\/skein\.sock/, `${form}: ${command}: ${stderr}`)
      assert.notEqual(code, 2, command)
      answered.add(kind)
    }
    for (const { kind, remedy } of conditions) if (dockerCommand.test(remedy)) answered.add(kind)
    // a kind that no history here has, or one without a command
    assert.deepEqual(
      conditionKinds.filter(kind => !answered.has(kind)),
      [],
    )
  })
})

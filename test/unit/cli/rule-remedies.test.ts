import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { twoSides } from './two-sides.ts'

/** Two sides of a split changed one rule; then the commands that the conditions name are typed, as they stand. */
describe('cli: the commands of conditions of rules', () => {
  const { at, say, refused, type, heal, split, agree, listed, healed, only } = twoSides()
  const shown = (tenant = 'default') =>
    at(1)
      .replica.view.objects.rules(tenant, 'p')
      .map(({ id, value }) => `${id} ${value.action} ${value.priority}`)
  const kinds = async () => (await listed(1)).map(({ kind }) => kind)

  /** Both sides know of the policy with this rule, and are cut off from each other again. */
  async function withRule(rule: string, flag = '') {
    heal()
    if (flag !== '') await say(1, 'skein tenant create blue')
    await say(1, `skein policy create${flag} p`)
    await say(1, `skein policy rule-add${flag} p 5 ${rule}`)
    await agree()
    split()
  }

  async function edit(n: number, rule: string, flag = '') {
    await say(n, `skein policy rule-rm${flag} p 5`)
    await say(n, `skein policy rule-add${flag} p 5 ${rule}`)
  }

  it('an opening that lost is added once more, or let go', async () => {
    for (const [at, left] of [
      [0, ['5 allow 2']],
      [1, []],
    ] as const) {
      if (at === 0) await withRule('--action=deny')
      else {
        await say(1, 'skein policy rule-add p 5 --action=deny --priority=9')
        await agree()
        split()
      }
      await say(1, 'skein policy rule-rm p 5')
      await edit(2, '--priority=2')
      const { commands } = await only('rule-lost')
      assert.equal(commands.length, 2)
      await type(commands[at] ?? '')
      assert.deepEqual([shown(), await kinds()], [left, []])
      if (at === 0) await type('skein policy rule-rm p 5')
    }
  })

  for (const flag of ['', ' -t blue']) {
    const tenant = flag === '' ? 'default' : 'blue'
    it(`beside a denial of its id${flag}, it is let go alone; or added under another id`, async () => {
      await withRule('--priority=7', flag)
      await edit(1, '--action=deny --priority=3', flag)
      await edit(2, '--priority=2', flag)
      const { commands, remedy, text } = await only('rule-lost')
      assert.match(text, /is off: host1 removed that id at the same time/)
      assert.deepEqual(shown(tenant), ['5 deny 3'])
      assert.match(commands.join(), new RegExp(`^skein policy rule-rm${flag} p 5~[0-9a-f]{4}$`))
      const another = /skein policy rule-add .*$/.exec(remedy)?.[0] ?? ''
      await type(another.replace(' ID ', ' 6 '))
      for (const command of commands) await type(command)
      assert.deepEqual([shown(tenant).sort(), await kinds()], [['5 deny 3', '6 allow 2'], []])
    })
  }

  it('what is added under the id before the command is typed stays', async () => {
    await withRule('--action=deny')
    await say(1, 'skein policy rule-rm p 5')
    await edit(2, '--priority=2')
    const { commands } = await only('rule-lost')
    await type('skein policy rule-add p 5 --action=deny --priority=4')
    await type(commands[1] ?? '')
    assert.deepEqual([shown(), await kinds()], [['5 deny 4'], []])
  })

  it('of two openings that both lost each is let go alone', async () => {
    await withRule('--action=deny')
    await edit(1, '--priority=2')
    await edit(2, '--priority=3')
    const lost = await healed()
    assert.deepEqual(await kinds(), ['rule-lost', 'rule-lost'])
    for (const { commands } of lost) await type(commands[1] ?? '')
    assert.deepEqual([shown(), await kinds()], [[], []])
  })

  it('what names a group that is gone can only be let go', async () => {
    await withRule('--action=deny')
    heal()
    await say(1, 'skein net create web -s 10.1.2.0/24')
    await say(1, 'skein group create web app')
    await agree()
    split()
    await say(1, 'skein policy rule-rm p 5')
    await say(1, 'skein group rm app')
    await edit(2, '--from-group=app')
    const { commands, remedy } = await only('rule-lost')
    assert.match(remedy, /; group app, which it names, is gone$/)
    assert.equal(commands.length, 1)
    await type(commands[0] ?? '')
    assert.deepEqual([shown(), await kinds()], [[], []])
  })

  it('of two values that are both in effect either is removed alone', async () => {
    for (const at of [0, 1]) {
      if (at === 0) await withRule('--priority=7')
      await edit(1, '--action=deny --priority=3')
      await edit(2, '--action=deny --priority=2')
      const { commands } = await only('rule-conflict')
      await type(commands[at] ?? '')
      assert.deepEqual([shown().length, await kinds()], [1, []])
      split()
    }
  })

  describe('of refusals, where an id has a denial besides', () => {
    const onApp = '--from-group=app'
    /** Both sides know of network `web` and group `app`, and write one rule each under one id: the second a denial. */
    async function twoValues(rule: string) {
      await withRule('--action=deny --priority=9')
      heal()
      await say(1, 'skein net create web -s 10.1.2.0/24')
      await say(1, 'skein group create web app')
      await agree()
      split()
      await say(1, `skein policy rule-add p 6 ${rule}`)
      await say(2, 'skein policy rule-add p 6 --action=deny --priority=3')
      await healed()
      assert.deepEqual(shown().sort().slice(1), ['6 allow 1', '6 deny 3'])
    }

    for (const [what, rule, command] of [
      ['a group that a rule names', onApp, 'skein group rm app'],
      ['a network that a rule names', '--from-network=web', 'skein net rm web'],
      ['a network that is renamed', '--from-network=web', 'skein net rename web lan'],
    ] as const) {
      it(`${what}: that value is removed alone`, async () => {
        await twoValues(rule)
        if (command.includes(' net ')) await type('skein group rm app')
        const remove = await refused(2, command)
        assert.match(remove, /^skein policy rule-rm p 6~[0-9a-f]{4}$/)
        await type(remove)
        assert.deepEqual([shown().sort(), await kinds()], [['5 deny 9', '6 deny 3'], []])
        await type(command)
      })
    }

    it('an id that is taken: one value after the other is removed, each as it is named', async () => {
      await twoValues('--priority=1')
      const add = 'skein policy rule-add p 6 --priority=8'
      await type(await refused(2, add))
      assert.equal(shown().filter(each => each.startsWith('6 ')).length, 1)
      const last = await refused(2, add)
      assert.equal(last, 'skein policy rule-rm p 6')
      await type(last)
      await type(add)
      assert.deepEqual([shown().sort(), await kinds()], [['5 deny 9', '6 allow 8'], []])
    })

    it('what is off beside it waits on for a decision', async () => {
      await withRule('--action=deny')
      await edit(1, '--action=deny --priority=4')
      await edit(2, '--priority=2')
      await only('rule-lost')
      const remove = await refused(2, 'skein policy rule-add p 5 --action=deny --priority=8')
      assert.match(remove, /^skein policy rule-rm p 5~[0-9a-f]{4}$/)
      await type(remove)
      assert.deepEqual([shown(), await kinds()], [[], ['rule-lost']])
    })
  })
})

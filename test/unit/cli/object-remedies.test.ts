import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { twoSides } from './two-sides.ts'

/** Two sides of a split changed groups, policies, profiles, settings and networks; then the commands that the conditions name are typed. */
describe('cli: the commands of conditions of objects', () => {
  const { at, say, refused, type, heal, split, agree, listed, only } = twoSides()
  const view = () => at(1).replica.view
  const group = (name = 'app') => view().objects.groupByName('default', name)
  const kinds = async () => (await listed(1)).map(({ kind }) => kind)

  /** What both sides know of before they are cut off from each other. */
  async function known(...commands: string[]) {
    heal()
    for (const command of commands) await say(1, command)
    await agree()
    split()
  }
  const web = ['skein net create web -s 10.1.2.0/24', 'skein group create web app']

  const endpointOn = async (network: string, ip: string) => {
    const [id = '', address = 0] = [at(2).replica.view.networkByName('default', network)?.id, parseIp(ip)]
    const place = { network: id, ip: address, mac: macOf(address), container: '', containerName: 'c1' }
    await at(2).replica.write(() => [{ kind: 'endpoint', id: 'e1', ...place }])
  }

  describe('a policy that was deleted while a group got it', () => {
    const given = async (...more: string[]) => {
      await known(...web, 'skein policy create p', 'skein policy rule-add p 5 --action=deny')
      await say(1, 'skein policy rm p')
      for (const command of ['skein group create web app --policy=p', ...more]) await say(2, command)
    }

    it('is kept', async () => {
      await given()
      const { commands } = await only('policy-in-use')
      await type(commands[0] ?? '')
      assert.deepEqual([view().objects.rules('default', 'p').length, await kinds()], [1, []])
    })

    it('or goes with the last group from which it is taken', async () => {
      await given('skein policy create q', 'skein group create web app --policy=p,q')
      const { commands, remedy } = await only('policy-in-use')
      assert.equal(commands.length, 1)
      const takeOff = /, with: (skein .*)/.exec(remedy)?.[1] ?? ''
      assert.equal(takeOff, 'skein group create web app --policy=q')
      assert.doesNotMatch(remedy, /policy rm/, 'which would say that there is none')
      await type(takeOff)
      assert.deepEqual([view().objects.policies().length, group()?.policies, await kinds()], [1, ['q'], []])
    })

    it('or, if it got rules, too, is deleted after that', async () => {
      await given('skein policy rule-add p 6 --action=deny', 'skein group create web db --policy=p')
      const { commands, remedy } = await only('policy-in-use')
      assert.equal(commands.length, 1)
      const others = remedy.split(/: |, then: |, /).filter(part => part.startsWith('skein ') && part !== commands[0])
      assert.deepEqual(others, [
        'skein group create web app --policy=',
        'skein group create web db --policy=',
        'skein policy rm p',
      ])
      for (const command of others) await type(command)
      assert.deepEqual([view().objects.policies(), await kinds()], [[], []])
    })

    it('or, with new rules alone, is deleted', async () => {
      for (const at of [0, 1]) {
        await known('skein policy create p')
        await say(1, 'skein policy rm p')
        await say(2, 'skein policy rule-add p 6 --action=deny')
        const { commands } = await only('policy-in-use')
        await type(commands[at] ?? '')
        assert.deepEqual([view().objects.policies().length, await kinds()], [1 - at, []])
        if (at === 0) await type('skein policy rm p')
      }
    })
  })

  it('a profile that was deleted while a group got it is kept, or taken off', async () => {
    for (const [at, left] of [
      [0, '10Mbps'],
      [1, undefined],
    ] as const) {
      if (at === 0) await known(...web)
      await known('skein netprofile create gold --bandwidth=10mbps')
      await say(1, 'skein netprofile rm gold')
      await say(2, 'skein group create web app --networkprofile=gold')
      const { commands } = await only('netprofile-in-use')
      await type(commands[at] ?? '')
      assert.deepEqual([view().objects.profile('default', 'gold')?.bandwidth, await kinds()], [left, []])
      if (at === 0) await type('skein group create web app --networkprofile=')
      if (at === 0) await type('skein netprofile rm gold')
    }
  })

  describe('a field that was set on both sides', () => {
    const setting = (flag: string) => `skein global set --${flag}`
    const gold = (flag: string) => `skein netprofile create gold --${flag}`
    const app = (flag: string) => `skein group create web app --networkprofile=${flag}`
    for (const [one, two] of [
      [setting('vlan-range=1-10'), setting('vlan-range=1-20')],
      [setting('vxlan-range=10000-20000'), setting('vxlan-range=10000-30000')],
      [gold('bandwidth="10 kbps"'), gold('bandwidth=20mbps')],
      [gold('bandwidth=10mbps'), gold('bandwidth=')],
      [gold('dscp=3'), gold('dscp=0')],
      [gold('burst=10'), gold('burst=0')],
      [app('gold'), app('iron')],
      [app('gold'), app('')],
    ] as const) {
      it(`keeps what counts: ${one}, and ${two}`, async () => {
        await known(...web, 'skein netprofile create gold --bandwidth=1mbps --dscp=9 --burst=9')
        await known('skein netprofile create iron', 'skein netprofile create tin')
        if (one.includes('=gold')) await known(app('tin'))
        await say(1, one)
        await say(2, two)
        const { commands, text } = await only('edit-lost')
        assert.equal(commands.length, 1, text)
        const before = JSON.stringify([view().objects.globals(), view().objects.profiles(), group()?.profile])
        await type(commands[0] ?? '')
        assert.deepEqual(await kinds(), [])
        assert.equal(JSON.stringify([view().objects.globals(), view().objects.profiles(), group()?.profile]), before)
      })
    }

    it('of a group that bears a longer name', async () => {
      await known('skein net create web -s 10.1.2.0/24', 'skein netprofile create gold', 'skein netprofile create iron')
      await say(1, 'skein group create web app')
      await say(2, 'skein group create web app --ip-pool=10.1.2.10-10.1.2.20')
      heal()
      await agree()
      const name = view().objects.groups()[1]?.name ?? ''
      assert.match(name, /^app~/)
      split()
      await say(1, `skein group create web ${name} --networkprofile=gold`)
      await say(2, `skein group create web ${name} --networkprofile=iron`)
      heal()
      await agree()
      const edit = (await listed(2)).find(({ kind }) => kind === 'edit-lost')
      await type(edit?.commands[0] ?? '')
      assert.deepEqual(await kinds(), ['group-name-conflict'])
    })

    it('labels are chosen by creating the group anew', async () => {
      await known(...web)
      const id = group()?.id ?? ''
      for (const n of [1, 2]) {
        const labels = [['side', String(n)]] as const
        await at(n).replica.write(() => [
          { kind: 'group-edit', group: id, profile: null, labels, seen: [], covers: [] },
        ])
      }
      const { commands, remedy } = await only('edit-lost')
      assert.deepEqual(commands, [])
      await type(/skein [^,]*/.exec(remedy)?.[0] ?? '')
      await type('skein group create web app')
      assert.deepEqual([group()?.labels, await kinds()], [[], []])
    })
  })

  it('a group whose network was deleted is deleted', async () => {
    await known('skein net create web -s 10.1.2.0/24')
    await say(1, 'skein net rm web')
    await say(2, 'skein group create web app')
    const { commands } = await only('group-without-network')
    await type(commands[0] ?? '')
    assert.deepEqual([view().objects.groups(), await kinds()], [[], []])
  })

  it('or, if a rule names it, after that', async () => {
    await known('skein net create web -s 10.1.2.0/24', 'skein policy create p')
    await say(1, 'skein net rm web')
    await say(2, 'skein group create web app')
    await say(2, 'skein policy rule-add p 5 --from-group=app')
    const { commands, remedy } = await only('group-without-network')
    assert.deepEqual(commands, [])
    const remove = /then: (skein .*)/.exec(remedy)?.[1] ?? ''
    await type(await refused(2, remove))
    await type(remove)
    assert.deepEqual([view().objects.groups(), await kinds()], [[], []])
  })

  it('of two groups of one name either is deleted while it is empty', async () => {
    for (const n of [0, 1]) {
      if (n === 0) await known('skein net create web -s 10.1.2.0/24')
      await say(1, 'skein group create web app')
      await say(2, 'skein group create web app --ip-pool=10.1.2.10-10.1.2.20')
      const { commands } = await only('group-name-conflict')
      assert.equal(commands.length, 2)
      await type(commands[n] ?? '')
      assert.deepEqual(
        [
          view()
            .objects.groups()
            .map(({ name }) => name),
          await kinds(),
        ],
        [['app'], []],
      )
      await known('skein group rm app')
    }
  })

  describe('a network that is not routed', () => {
    const clash = async (...more: string[]) => {
      await say(1, 'skein net create old -s 10.1.2.0/24 -g 10.1.2.1')
      await say(2, 'skein net create young -s 10.1.0.10-10.1.0.20/16 -g 10.1.0.1')
      for (const command of more) await say(2, command)
    }

    const onlyOldIsLeft = async () => {
      const names = view()
        .networks()
        .map(({ name }) => name)
      assert.deepEqual([names, await kinds()], [['old'], []])
    }

    it('is removed while it is empty', async () => {
      await clash()
      await type((await only('gateway-overlap')).commands[0] ?? '')
      await onlyOldIsLeft()
    })

    it('with its groups', async () => {
      await clash('skein group create young app', 'skein group create young db')
      const { remedy } = await only('gateway-overlap')
      for (const command of (/with: (.*)/.exec(remedy)?.[1] ?? '').split(', then: ')) await type(command)
      await onlyOldIsLeft()
    })

    it('after the rules that name it', async () => {
      await known('skein policy create p')
      await clash('skein policy rule-add p 5 --from-network=young')
      const { commands, remedy } = await only('gateway-overlap')
      assert.deepEqual(commands, [])
      assert.match(remedy, /: first the rules that name it, then: skein net rm young$/)
      await type(await refused(2, 'skein net rm young'))
      await type((await only('gateway-overlap')).commands[0] ?? '')
      assert.deepEqual(await kinds(), [])
    })

    it('or drained into the other', async () => {
      await clash()
      await endpointOn('young', '10.1.0.12')
      await type((await only('gateway-overlap')).commands[0] ?? '')
      assert.deepEqual(await kinds(), ['drain'])
    })
  })

  it('a drain into a network that was deleted is ended, or leads elsewhere', async () => {
    const create = (name: string, n: number) => `skein net create ${name} -s 10.1.${n}.0/24`
    for (const command of ['', 'skein net drain a --into c']) {
      await known(...(command === '' ? [create('a', 1), create('c', 3)] : []), create('b', 2))
      await say(1, 'skein net drain a --into b')
      await say(2, 'skein net rm b')
      const { commands } = await only('drain-stopped')
      await type(command || (commands[0] ?? ''))
      assert.deepEqual(await kinds(), command === '' ? [] : ['drain'])
    }
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { StatusJson } from '../../../src/api/types.ts'
import { eventually } from '../../support/eventually.ts'
import { Hosts } from './hosts.ts'

describe('api and cli: skein peer rm, of who started a removal and died', () => {
  let hosts: Hosts
  beforeEach(async () => {
    hosts = await Hosts.start()
  })
  afterEach(() => hosts.stop())

  it('takes out who died with a removal of its own under way, once its target lifted that of the dead one', async () => {
    hosts.hub.split([hosts.key(1)], [hosts.key(2), hosts.key(3)], [hosts.key(4)])
    assert.match((await hosts.rm(2, 'host1')).stdout, /^host1: leaving: waits for (host3, )?host4\n$/)
    await eventually(async () => assert.match((await hosts.skein(3, 'peer', 'ls')).stdout, /waits for host4 /))
    await hosts.kill(2)
    hosts.hub.heal()
    await eventually(async () => assert.doesNotMatch((await hosts.skein(4, 'peer', 'ls')).stdout, /waits for host4/))
    // what they promised of host 1 would hide how it ends
    assert.match((await hosts.rm(1, 'host2', '--host-is-down')).stdout, /^host2: leaving: waits for host3, host4\n$/)
    assert.equal((await hosts.rm(1, '--cancel', 'host2')).code, 0)
    await eventually(async () => assert.doesNotMatch((await hosts.skein(4, 'peer', 'ls')).stdout, /^host2 .*leaving/m))
    await hosts.refused(
      hosts.rm(4, '--cancel', 'host2'),
      4,
      /^Error: no such removal is undecided: see skein peer ls\n$/,
    )
    const { code, stderr } = await hosts.rm(4, 'host2', '--host-is-down')
    assert.deepEqual([code, stderr], [0, ''])
    for (const n of [1, 3, 4]) {
      await eventually(async () => {
        assert.match((await hosts.skein(n, 'peer', 'ls')).stdout, /^host2 +\S+ +removed +host2:7373 +host1 +no$/m)
        assert.match((await hosts.skein(n, 'status')).stdout, /^no conditions$/m)
      })
    }
  })

  it('names the way out where its starter died: it is typed on who stays and had acknowledged it, not on its target', async () => {
    hosts.hub.split([hosts.key(1), hosts.key(2)], [hosts.key(3), hosts.key(4)])
    await hosts.rm(1, 'host4')
    await eventually(async () => assert.match((await hosts.skein(2, 'peer', 'ls')).stdout, /waits for host3 /))
    await hosts.kill(1)
    hosts.hub.heal()
    await eventually(async () => assert.match((await hosts.skein(4, 'status')).stdout, /the removal of host4/))
    const { conditions } = JSON.parse((await hosts.skein(3, 'status', '--json')).stdout) as StatusJson
    const [condition, ...others] = conditions
    assert.deepEqual([condition?.kind, others], ['removal-pending', []])
    const [, typed = ''] =
      /; if host1 is off for good, on a host that stays: skein (.*)$/.exec(condition?.remedy ?? '') ?? []
    assert.equal(typed, 'peer rm host1 --host-is-down')
    const { code, stderr } = await hosts.skein(2, ...typed.split(' '))
    assert.deepEqual([code, stderr], [0, ''])
    for (const n of [2, 3, 4]) {
      await eventually(async () => {
        assert.match((await hosts.skein(n, 'peer', 'ls')).stdout, /^host1 +\S+ +removed /m)
        assert.match((await hosts.skein(n, 'status')).stdout, /^no conditions$/m)
      })
    }
  })

  it('takes out two that removed each other and are both off, whoever had acknowledged which', async () => {
    hosts.hub.split([hosts.key(1), hosts.key(3)], [hosts.key(2), hosts.key(4)])
    await hosts.rm(1, 'host2')
    await hosts.rm(2, 'host1')
    await eventually(async () => assert.match((await hosts.skein(3, 'peer', 'ls')).stdout, /^host2 .* waits for /m))
    await eventually(async () => assert.match((await hosts.skein(4, 'peer', 'ls')).stdout, /^host1 .* waits for /m))
    for (const n of [1, 2]) await hosts.kill(n)
    hosts.hub.heal()
    await eventually(async () => assert.match((await hosts.skein(3, 'peer', 'ls')).stdout, /^host1 .* waits for /m))
    const { code, stderr } = await hosts.rm(3, 'host1', 'host2', '--host-is-down', '--and-who-joined-through-it')
    assert.deepEqual([code, stderr], [0, ''])
    for (const n of [3, 4]) {
      await eventually(async () => {
        const { stdout } = await hosts.skein(n, 'peer', 'ls')
        for (const dead of ['host1', 'host2']) assert.match(stdout, new RegExp(`^${dead} +\\S+ +removed `, 'm'))
        assert.match((await hosts.skein(n, 'status')).stdout, /^no conditions$/m)
      })
    }
  })

  it('of two that name each other, one of which died, says what is lifted first', async () => {
    hosts.hub.split([hosts.key(1), hosts.key(3)], [hosts.key(2)], [hosts.key(4)])
    await hosts.rm(1, 'host2')
    await eventually(async () => assert.match((await hosts.skein(3, 'peer', 'ls')).stdout, /waits for host4 /))
    await hosts.rm(2, 'host1', '--host-is-down')
    await hosts.kill(1)
    hosts.hub.heal()
    const conditionsOn = async (n: number) =>
      (JSON.parse((await hosts.skein(n, 'status', '--json')).stdout) as StatusJson).conditions
    const mutual = await eventually(async () => {
      const found = (await conditionsOn(3)).find(({ kind }) => kind === 'mutual-removal')
      return found ?? assert.fail()
    })
    const pending = (await conditionsOn(3)).filter(({ kind }) => kind === 'removal-pending')
    for (const { remedy } of pending) assert.doesNotMatch(remedy, /is off/)
    const steps = /on host2: skein (peer rm --cancel host1), then, if host1 is off, on a third host: skein ([^;]+)/
    const [, first = '', second = ''] = steps.exec(mutual.remedy) ?? []
    assert.equal((await hosts.skein(2, ...first.split(' '))).code, 0)
    await eventually(async () => {
      assert.deepEqual(
        (await conditionsOn(3)).map(({ kind }) => kind),
        ['removal-pending'],
      )
    })
    const { code, stderr } = await hosts.skein(3, ...second.split(' '))
    assert.deepEqual([code, stderr], [0, ''])
    for (const n of [2, 3, 4]) {
      await eventually(async () => {
        assert.match((await hosts.skein(n, 'peer', 'ls')).stdout, /^host1 +\S+ +removed /m)
        assert.match((await hosts.skein(n, 'status')).stdout, /^no conditions$/m)
      })
    }
  })
})

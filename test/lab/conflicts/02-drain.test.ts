import assert from 'node:assert/strict'
import type { LabHost, LabNode } from '../../../lab/index.ts'
import { three } from '../acceptance/cli.ts'
import { type Container, docker, eventually, ping, removeContainers, runContainer, useLab } from '../support/index.ts'
import {
  assertInOrder,
  conditionsOf,
  healWebs,
  obey,
  sameConditions,
  shows,
  splitWebs,
  subnetOf,
  subnets,
} from './two-webs.ts'

/** `network address` of each place of a container. */
async function placesOf(host: LabHost, name: string): Promise<string[]> {
  const format = '{{range $name, $place := .NetworkSettings.Networks}}{{$name}} {{$place.IPAddress}}\n{{end}}'
  return (await docker(host, 'inspect', '-f', format, name)).split('\n').filter(Boolean)
}

const startedAt = (host: LabHost, name: string) => docker(host, 'inspect', '-f', '{{.State.StartedAt}}', name)

/** Docker waits twice as long from one start to the next of what does not live for 10 s, up to this, ms. */
const longestBackOffMs = 60_000

/** Docker starts the container again and again, and nothing hinders it. */
async function goesOn(host: LabHost, name: string): Promise<void> {
  const state = async () => JSON.parse(await docker(host, 'inspect', '-f', '{{json .State}}', name))
  const before = await state()
  const isNew = async () => {
    const now = await state()
    const text = `${host.name}: ${name}: was ${JSON.stringify(before)}, is ${JSON.stringify(now)}`
    assert.equal(now.Error, '', text)
    assert.notEqual(now.StartedAt, before.StartedAt, text)
  }
  await eventually(isNew, { timeoutMs: longestBackOffMs + 15_000 })
}

async function readTcp(from: LabNode, address: string, port: number): Promise<string> {
  const argv = ['busybox', 'nc', '-w', '2', address, String(port)]
  return (await from.exec(argv, { timeoutMs: 5000, input: '' })).stdout.trim()
}

/** By name, once it is known there. */
async function reachesName(from: Container, name: string): Promise<void> {
  await eventually(async () => {
    const { sent, lost } = await ping(from, name, { count: 1 })
    assert.deepEqual([sent, lost], [1, []], `${from.name} -> ${name}`)
  })
}

describe('conflicts 2: one network drained into another', function () {
  this.timeout(240_000)
  const lab = useLab()

  it('moves what runs and what does not, on every host, while an engine restarts; all of it can be started again', async () => {
    const hosts = lab().hosts()
    const [one, two, three3] = three(hosts)
    await splitWebs(lab())
    const old1 = await runContainer(one, 'web', 'old-1')
    const service = ['sh', '-c', 'trap exit TERM; nc -ll -p 80 -e echo tcp-80 & while :; do sleep 1; done']
    const args = ['-p', '8080:80', '--network-alias', 'db', '--restart', 'always']
    const x3 = await runContainer(three3, 'web', 'x3', { args, command: service })
    await runContainer(three3, 'web', 'asleep', { args: ['--network-alias', 'idle'] })
    await docker(three3, 'stop', 'asleep')
    const { younger, olderOn3 } = await healWebs(lab())
    const x1 = await runContainer(one, younger, 'x1')
    await runContainer(two, younger, 'x2', { args: ['--restart', 'always'] })
    await docker(
      two,
      'run',
      '-d',
      '--name',
      'loop',
      '--net',
      younger,
      '--restart',
      'always',
      'alpine',
      'sh',
      '-c',
      'sleep 2',
    )
    const looping = ['--restart', 'always', 'alpine', 'sh', '-c', 'sleep 0.3']
    await docker(one, 'run', '-d', '--name', 'loop-1', '--net', younger, ...looping)
    await docker(three3, 'run', '-d', '--name', 'loop-3', '--net', 'web', ...looping)
    await reachesName(x1, 'db')
    const started = await Promise.all([startedAt(one, 'x1'), startedAt(three3, 'x3')])

    const [conflict] = await sameConditions(hosts)
    const drain = conflict?.commands.find(command => command.includes('--into'))
    assert.equal(drain, `skein net drain ${younger} --into web`)
    await two.stopEngine()
    await obey(one, drain)
    await two.startEngine()

    await eventually(
      async () => {
        for (const [host, name, network] of [
          [one, 'x1', 'web'],
          [one, 'loop-1', 'web'],
          [three3, 'loop-3', olderOn3],
          [two, 'x2', 'web'],
          [two, 'loop', 'web'],
          [three3, 'x3', olderOn3],
          [three3, 'asleep', olderOn3],
        ] as const) {
          assert.deepEqual(
            (await placesOf(host, name)).map(place => place.split(' ')[0]),
            [network],
            `${host.name}: ${name}`,
          )
        }
        assert.deepEqual(await sameConditions(hosts), [])
      },
      { timeoutMs: 40_000 },
    )
    assert.deepEqual(await Promise.all([startedAt(one, 'x1'), startedAt(three3, 'x3')]), started, 'they ran on')
    for (const name of ['db', 'x3', 'old-1']) await reachesName(x1, name)
    await eventually(() => reachesName(old1, 'x2'))
    await reachesName(x3, 'old-1')
    await eventually(async () => assert.equal(await readTcp(lab().outside, three3.address, 8080), 'tcp-80'))
    await Promise.all([goesOn(one, 'loop-1'), goesOn(two, 'loop'), goesOn(three3, 'loop-3')])

    // Docker wants to find the network that they were run on
    const kept = await eventually(async () => {
      const found = (await conditionsOf(three3, 'host')).find(({ text }) => text.startsWith('network web was drained'))
      assert.ok(found)
      return found
    })
    assert.match(kept.text, /Docker starts (?=.*x3)(?=.*loop-3).*asleep.* only while/)
    await docker(three3, 'start', 'asleep')
    await docker(three3, 'restart', 'x3')
    await docker(one, 'restart', 'x1')
    for (const name of ['idle', 'db']) await reachesName(x1, name)
    await eventually(async () => assert.equal(await readTcp(lab().outside, three3.address, 8080), 'tcp-80'))
    // unless it was moved between its creation and its start
    await eventually(async () => {
      const argv = ['docker', 'run', '--rm', '--net', 'web', 'alpine', 'true']
      const refused = await three3.exec(argv, { timeoutMs: 20_000 })
      assert.match(refused.stderr, /was drained into web and is gone/)
    })

    await removeContainers(three3, 'x3', 'asleep', 'loop-3')
    await removeContainers(one, 'x1', 'loop-1')
    await removeContainers(two, 'x2', 'loop')
    for (const host of hosts) await shows(host, ['web'])
    assert.deepEqual(
      await Promise.all(hosts.map(host => subnetOf(host, 'web'))),
      hosts.map(() => subnets.older),
    )
    await assertInOrder(hosts)
  })
})

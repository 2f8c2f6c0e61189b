import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { Lab, LabHost } from '../../../lab/index.ts'
import { formatIp, parseIp } from '../../../src/model/ip.ts'
import { assertAgree, netctl, status, three } from '../acceptance/cli.ts'
import {
  assertPrompt,
  assertReaches,
  docker,
  eventually,
  meshNetworks,
  refusalsUntil,
  refusedRun,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'
import { type Held, heldBy } from './process.ts'

/** What the other side of a link that is cut holds is refused within this, ms. */
const refusalLimitMs = 6000
/** Growth of the heap in two minutes of a hundred flaps and as many containers: compiled code, and not 50 KB for each. */
const limitMiB = 6
/** Of what Buffers hold meanwhile: a few of libp2p's and of Node's pools. */
const buffersLimitMiB = 2

const next = (ip: string, offset: number) => formatIp((parseIp(ip) ?? 0) + offset)

/** The link of one host to the two others goes off and on, once a second, until the time is over. */
async function flap(lab: Lab, forMs: number): Promise<number> {
  const untilMs = performance.now() + forMs
  let flaps = 0
  while (performance.now() < untilMs) {
    await lab.split(['1 2', '3'])
    await delay(500)
    await lab.heal()
    await delay(500)
    flaps++
  }
  return flaps
}

/** What each host's peer holds, in the order of `before`. */
function assertNotGrown(before: readonly Held[], now: readonly Held[]): void {
  for (const [i, { heap, buffers, files }] of now.entries()) {
    const was = before[i] as Held
    const name = `host${i + 1}`
    assert.ok(heap < was.heap + limitMiB, `${name}: ${was.heap.toFixed(1)} -> ${heap.toFixed(1)} MiB`)
    const held = `${was.buffers.toFixed(1)} -> ${buffers.toFixed(1)} MiB`
    assert.ok(buffers < was.buffers + buffersLimitMiB, `${name}: Buffers ${held}`)
    assert.ok(files < was.files + 12, `${name}: ${was.files} -> ${files} files`)
  }
}

describe('faults: links', function () {
  this.timeout(300_000)
  const lab = useLab()

  it('one way: records find their way over the third host, what cannot work says so in time, and all is one after the heal', async () => {
    const hosts = lab().hosts()
    const [one, two, three3] = three(hosts)
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'web')
    for (const host of hosts) await eventually(async () => assert.deepEqual(await meshNetworks(host), ['web']))
    const before = await runContainer(one, 'web', 'before')
    // blocks have 8 addresses: those that follow a host's first one are in its block too
    const held = await runContainer(two, 'web', 'held')

    await lab().split(['1', '2'], { oneWay: true })
    const askFor = (host: LabHost, ip: string) =>
      refusalsUntil(/which is out of reach/, () => refusedRun(host, 'web', '--ip', ip))
    const [ofTwo, ofOne] = [next(held.ip, 1), next(before.ip, 1)]
    const [fromOne, fromTwo] = await Promise.all([askFor(one, ofTwo), askFor(two, ofOne)])
    assertPrompt(fromOne, refusalLimitMs, new RegExp(`${ofTwo} of default/web belongs to host2, which `))
    assertPrompt(fromTwo, refusalLimitMs, new RegExp(`${ofOne} of default/web belongs to host1, which `))
    // what host2 hears of host1 comes over host3, whatever the half-dead connection between them says
    await netctl(one, 'net', 'create', '--subnet=10.1.3.0/24', 'later')
    await eventually(async () => assert.deepEqual(await meshNetworks(two), ['later', 'web']), { timeoutMs: 30_000 })
    await netctl(two, 'tenant', 'create', 'blue')
    await assertAgree(hosts, 30_000)
    const far = await runContainer(two, 'web', 'far')
    await assertReaches(await runContainer(three3, 'web', 'near'), far.ip, { count: 1 })
    // the connection is given up, and found again
    await eventually(
      async () => {
        const seen = (await status(one)).members.find(member => member.name === 'host2')
        assert.equal(seen?.connected, false)
      },
      { timeoutMs: 30_000 },
    )

    await lab().heal()
    await assertAgree(hosts, 10_000)
    await eventually(() => assertReaches(before, far.ip, { count: 1 }))
    await eventually(
      async () => {
        for (const host of hosts) assert.deepEqual((await status(host)).conditions, [], host.name)
      },
      { timeoutMs: 40_000 },
    )
  })

  it('flapping at 1 Hz for two minutes: containers start and stop meanwhile, and neither memory nor sockets grow', async () => {
    const hosts = lab().hosts()
    const [one, , three3] = three(hosts)
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'web')
    for (const host of hosts) await eventually(async () => assert.deepEqual(await meshNetworks(host), ['web']))
    let started = 0
    const startAndStop = async () => {
      for (const host of [one, three3]) {
        const name = `c${++started}`
        await runContainer(host, 'web', name)
        await removeContainers(host, name)
      }
    }
    await flap(lab(), 30_000)
    await assertAgree(hosts, 15_000)
    // what is loaded once is loaded
    for (let n = 0; n < 5; n++) await startAndStop()
    const before = await Promise.all(hosts.map(heldBy))

    let isOver = false
    const flapping = flap(lab(), 120_000).finally(() => {
      isOver = true
    })
    // a queue that grows while the link flaps, and drains after the heal, is seen here only
    const halfMs = performance.now() + 60_000
    let half: Held[] | undefined
    while (!isOver) {
      await startAndStop()
      if (!half && performance.now() > halfMs) half = await Promise.all(hosts.map(heldBy))
    }
    assert.ok((await flapping) > 80, 'the link flapped')
    assert.ok(started > 20, `${started} containers`)

    assert.ok(half, 'looked at half time')
    assertNotGrown(before, half)

    await assertAgree(hosts, 10_000)
    const left = await runContainer(one, 'web', 'left')
    await eventually(async () => assertReaches(await rightOf(), left.ip, { count: 1 }))
    // some sockets end later than the connection that they were for
    await eventually(async () => assertNotGrown(before, await Promise.all(hosts.map(heldBy))), {
      timeoutMs: 60_000,
      intervalMs: 1000,
    })

    async function rightOf() {
      await three3.exec(['docker', 'rm', '-f', 'right'])
      return runContainer(three3, 'web', 'right')
    }
    await docker(three3, 'rm', '-f', 'right')
  })
})

import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree } from '../acceptance/cli.ts'
import { type Container, eventually, ping, runContainer, useLab } from '../support/index.ts'
import { createNetworks, endpointsOf } from './mesh.ts'

/** Docker gives each call of a plugin some seconds, however many there are at once: the machine is to have nothing else to do. */
describe('like Docker: a burst', function () {
  this.timeout(150_000)
  const lab = useLab({ own: true, hosts: 3, clean: false })
  let hosts: [LabHost, LabHost, LabHost]
  let always: Container[]

  before(async () => {
    const [one, two, three] = lab().hosts()
    assert.ok(one && two && three)
    hosts = [one, two, three]
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    always = await Promise.all(hosts.map(host => runContainer(host, 'web', `always-${host.number}`)))
  })

  it('50 docker run at once on each of three hosts', async () => {
    const [, two] = hosts
    const begun = performance.now()
    const runs = hosts.flatMap(host =>
      Array.from({ length: 50 }, async (_, at) => {
        const name = `burst-${host.number}-${at}`
        const argv = ['docker', 'run', '-d', '--name', name, '--net', 'web', 'alpine', 'sleep', '3600']
        const { code, stderr } = await host.exec(argv, { timeoutMs: 120_000 })
        return code === 0 ? '' : `${name}: ${stderr.trim()}`
      }),
    )
    assert.deepEqual((await Promise.all(runs)).filter(Boolean), [])
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    process.stdout.write(`      150 containers in ${seconds} s\n`)
    await assertAgree(hosts, 10_000)
    // a record gets its container's name a moment after the start
    const endpoints = await eventually(async () => {
      const burst = (await endpointsOf(two, 'web')).filter(each => each.containerName.startsWith('burst-'))
      assert.deepEqual([burst.length, new Set(burst.map(each => each.ipAddress[0])).size], [150, 150])
      return burst
    })
    // every tenth, from the hosts' own containers
    const sample = endpoints.filter((_, at) => at % 10 === 0)
    for (const from of always) {
      const results = await Promise.all(sample.map(each => ping(from, each.ipAddress[0] ?? '', { count: 1 })))
      assert.deepEqual(
        results.flatMap(result => result.lost),
        [],
        `from ${from.host.name}`,
      )
    }
  })
})

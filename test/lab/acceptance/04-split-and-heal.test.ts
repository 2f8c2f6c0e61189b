import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import {
  assertReaches,
  type Container,
  docker,
  eventually,
  meshNetworks,
  runContainer,
  useLab,
} from '../support/index.ts'
import { assertAgree, netctl, networkNames, three } from './cli.ts'

/** Containers `name-1`, … on a host, once its Docker shows the network. */
async function runMany(host: LabHost, network: string, name: string, count: number): Promise<Container[]> {
  await eventually(async () => assert.equal((await host.exec(['docker', 'network', 'inspect', network])).code, 0))
  const started: Container[] = []
  for (let i = 1; i <= count; i++) started.push(await runContainer(host, network, `${name}-${i}`))
  return started
}

describe('acceptance 4: a split, and its heal', function () {
  this.timeout(180_000)
  const lab = useLab()

  it('lets both sides go on, and unites them within 10 s: nothing lost, nothing doubled', async () => {
    const hosts = lab().hosts()
    const [one, two, three3] = three(hosts)
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'before')
    for (const host of hosts) await runMany(host, 'before', 'b0', 1)

    await lab().split(['1 2', '3'])
    // existing networks, new ones, new tenants
    await runMany(two, 'before', 'b1', 2)
    await runMany(three3, 'before', 'b1', 2)
    await netctl(one, 'net', 'create', '--subnet=10.2.1.0/24', 'only-left')
    await netctl(three3, 'tenant', 'create', 'right')
    await netctl(three3, 'net', 'create', '-t', 'right', '--subnet=10.2.2.0/24', 'only-right')
    // the same new network on both sides
    await netctl(two, 'net', 'create', '--subnet=10.3.0.0/24', 'same')
    await netctl(three3, 'net', 'create', '--subnet=10.3.0.0/24', 'same')
    const same = (await Promise.all(hosts.map(host => runMany(host, 'same', 'same', 5)))).flat()

    await lab().heal()
    await assertAgree(hosts, 10_000)
    const wanted = ['default/before', 'default/only-left', 'default/same', 'right/only-right']
    for (const host of hosts) {
      assert.deepEqual(await networkNames(host), wanted)
      await eventually(async () =>
        assert.deepEqual(await meshNetworks(host), ['before', 'only-left', 'only-right/right', 'same']),
      )
    }
    assert.equal(new Set(same.map(container => container.ip)).size, 15, 'no address twice')
    const before = await Promise.all(
      hosts.map(host =>
        docker(host, 'network', 'inspect', '-f', '{{range .Containers}}{{.IPv4Address}} {{end}}', 'before'),
      ),
    )
    const addresses = before.join(' ').split(/\s+/).filter(Boolean)
    assert.deepEqual([addresses.length, new Set(addresses).size], [7, 7])
    await Promise.all(
      same.map(async from => {
        for (const to of same) if (to !== from) await assertReaches(from, to.ip, { count: 1 })
      }),
    )
  })
})

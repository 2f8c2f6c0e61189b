import assert from 'node:assert/strict'
import { assertAgree, netctl, three } from '../acceptance/cli.ts'
import { createNetworks } from '../like-docker/mesh.ts'
import { docker, eventually, removeContainers, useLab } from '../support/index.ts'
import { assertInOrder, conditionsOf, shows } from './two-webs.ts'

describe('conflicts 4: a network deleted while a container of another side restarts', function () {
  this.timeout(120_000)
  const lab = useLab()

  it('stays for a container that crashes again and again, though it has no endpoint meanwhile', async () => {
    const hosts = lab().hosts()
    const [one, , three3] = three(hosts)
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    await lab().split(['1 2', '3'])
    await docker(three3, 'run', '-d', '--name', 'loop', '--net', 'web', '--restart', 'always', 'alpine', 'false')
    const restarts = async () => Number(await docker(three3, 'inspect', '-f', '{{.RestartCount}}', 'loop'))
    // Docker waits twice as long each time: now for some seconds
    const before = await eventually(
      async () => {
        const count = await restarts()
        assert.ok(count >= 6)
        return count
      },
      { timeoutMs: 30_000 },
    )
    await netctl(one, 'net', 'rm', 'web')
    await lab().heal()
    await assertAgree(hosts, 15_000)
    await eventually(async () => assert.ok((await restarts()) >= before + 2), { timeoutMs: 40_000 })
    assert.equal(await docker(three3, 'inspect', '-f', '{{.State.Error}}', 'loop'), '')
    for (const host of hosts) {
      const [draining] = await conditionsOf(host, 'mesh')
      assert.match(draining?.text ?? '', /^default\/web was deleted while in use and waits for .* ?host3$/)
    }
    await removeContainers(three3, 'loop')
    for (const host of hosts) await shows(host, [])
    await assertInOrder(hosts)
  })
})

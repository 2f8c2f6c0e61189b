import assert from 'node:assert/strict'
import { assertReaches, docker, eventually, meshNetworks, runContainer, useLab } from '../support/index.ts'
import { netctl, status, three } from './cli.ts'

describe('acceptance 7: a host joins on the minority side of a split', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true })

  it('carries traffic, gets addresses only after the heal, and says whom it waits for', async () => {
    const [one, , three3] = three(lab().hosts())
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await eventually(async () => assert.deepEqual(await meshNetworks(three3), ['contiv-net']))
    const old = await runContainer(three3, 'contiv-net', 'old')

    await lab().split(['1 2', '3'])
    const four = await lab().addHost({ via: '3' })
    await lab().split(['1 2', '3 4'])
    await eventually(async () => assert.deepEqual(await meshNetworks(four), ['contiv-net']))
    const self = (await status(four)).self
    assert.equal(self.settled, false)
    assert.deepEqual(self.waitingFor.sort(), ['host1', 'host2'])

    const begun = performance.now()
    const refused = await four.exec(
      ['docker', 'run', '-d', '--name', 'new', '--net', 'contiv-net', 'alpine', 'sleep', '3600'],
      { timeoutMs: 20_000 },
    )
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /host1/)
    assert.match(refused.stderr, /host2/)
    assert.ok(performance.now() - begun < 8000, `answered after ${performance.now() - begun} ms`)
    await docker(four, 'rm', '-f', 'new')

    await lab().heal()
    await eventually(async () => assert.ok((await status(four)).self.settled), { timeoutMs: 15_000 })
    const late = await runContainer(four, 'contiv-net', 'late')
    await assertReaches(late, old.ip)
    await assertReaches(old, late.ip)
  })
})

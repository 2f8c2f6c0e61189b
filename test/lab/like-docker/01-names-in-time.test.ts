import assert from 'node:assert/strict'
import { three } from '../acceptance/cli.ts'
import { assertReaches, docker, eventually, runContainer, useLab } from '../support/index.ts'
import { addresses, ask, assertUnknown, createNetwork, nslookup } from './names.ts'

describe('like Docker: names across hosts, in time', function () {
  this.timeout(90_000)
  const lab = useLab()

  it('are there within a second, aliases and reverse too, follow a rename, and go within two', async () => {
    const [one, two] = three(lab().hosts())
    await createNetwork(lab().hosts(), 'contiv-net', '10.1.2.0/24')
    const c1 = await runContainer(one, 'contiv-net', 'c1')
    const c2 = await runContainer(two, 'contiv-net', 'c2', { args: ['--network-alias', 'db', '--hostname', 'store'] })
    for (const name of ['c2', 'db', 'store', 'C2', 'c2.contiv-net', c2.id.slice(0, 12)]) {
      const found = await eventually(
        async () => {
          const list = await addresses(c1, name)
          assert.deepEqual(list, [c2.ip], name)
          return list
        },
        { timeoutMs: 1_000, intervalMs: 20 },
      )
      assert.deepEqual(found, [c2.ip])
    }
    await assertReaches(c1, 'c2')
    await assertReaches(c2, 'c1')
    assert.match(await nslookup(c1, c2.ip), /name = c2\.contiv-net/)
    assert.deepEqual((await ask(c1, 'udp', 'c2', 'AAAA')).answers, ['NOERROR'])
    assert.deepEqual((await ask(c1, 'tcp', 'c2')).answers, [`NOERROR ${c2.ip}`])
    // what no event could have announced: the first question of a container that has just been started
    for (const host of [one, two]) {
      const other = host === one ? c2 : c1
      assert.match(
        await docker(host, 'run', '--rm', '--net', 'contiv-net', 'alpine', 'nslookup', other.name),
        new RegExp(`Address: ${other.ip}`),
      )
    }
    await docker(two, 'rename', 'c2', 'renamed')
    await eventually(async () => assert.deepEqual(await addresses(c1, 'renamed'), [c2.ip]), {
      timeoutMs: 1_000,
      intervalMs: 20,
    })
    await assertUnknown(c1, 'c2')
    await docker(two, 'rm', '-f', 'renamed')
    await eventually(() => assertUnknown(c1, 'db'), { timeoutMs: 2_000, intervalMs: 20 })
  })
})

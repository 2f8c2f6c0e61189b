import assert from 'node:assert/strict'
import { createNetworks } from '../like-docker/mesh.ts'
import { runContainer, useLab } from '../support/index.ts'
import { fillUp, outOfReach, peers, removals, skein, trySkein } from './hosts.ts'

describe('removal: one of two hosts', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, hosts: 2, clean: false })

  it('is refused, with the very command that says what has to be true; that one works', async () => {
    const [one, two] = lab().hosts()
    assert.ok(one && two)
    await createNetworks([one, two], { small: '10.1.2.0/29' })
    const lost = await runContainer(two, 'small', 'lost')
    await two.cutPower()
    await outOfReach(one, 'host2')
    for (const options of [[], ['--host-is-down']]) {
      const { code, stderr } = await trySkein(one, 'peer', 'rm', 'host2', ...options)
      assert.notEqual(code, 0)
      assert.match(stderr, /1 of 2 hosts are no majority, and others may have joined through host2 unseen/)
      assert.match(stderr, /: skein peer rm host2 --host-is-down --and-who-joined-through-it\n$/)
    }
    assert.deepEqual(await removals(one), [])
    const { stderr } = await trySkein(one, 'peer', 'rm', 'host2')
    const [, command] = /: skein (peer rm .+)\n$/.exec(stderr) ?? assert.fail(stderr)
    await skein(one, ...(command ?? '').split(' '))
    assert.deepEqual(await removals(one), ['host2 removed'])
    assert.equal((await peers(one)).filter(peer => !peer.removal).length, 1)
    const all = await fillUp([one], 'small', 'c')
    assert.deepEqual(
      all.map(({ ip }) => ip).sort(),
      [1, 2, 3, 4, 5, 6].map(last => `10.1.2.${last}`),
    )
    assert.ok(all.some(({ ip }) => ip === lost.ip))
  })
})

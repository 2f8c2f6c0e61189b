import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { decode } from '../../../src/lib/cbor.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { RemovalFence, type RemovalNotice } from '../../../src/replica/removal-fence.ts'

const leaving: RemovalNotice = { starter: 'a', startedOn: 'host1', sinceMs: 1, cut: 7, isLeaving: true }
const { isLeaving: _, ...removed } = leaving

describe('replica: the fence of a host that is out', () => {
  let isBroken = false
  const facts = new Map<string, string>()
  const open = () =>
    new RemovalFence(
      async bytes => {
        if (isBroken) throw new Error('EIO')
        const [key, value] = decode(bytes, 1024) as [string, string]
        facts.set(key, value)
      },
      { get: key => facts.get(key) },
      silentLogger,
    )

  it('a host does not leave before that is durable: after a crash it would hand out what others have', async () => {
    isBroken = true
    const fence = open()
    await assert.rejects(fence.close(leaving), {
      code: 'internal',
      message: /EIO.*restart skeind, run skein peer leave/,
    })
    assert.ok(fence.refusal, 'it writes nothing more all the same')
    await assert.rejects(fence.close(leaving), { code: 'internal' }, 'asked again it tries again')
    assert.equal(open().notice, undefined)
    isBroken = false
    await fence.close(leaving)
    assert.deepEqual(open().notice, leaving)
  })

  it('what members say of a removal holds also where it cannot be noted, and takes the place of the leave', async () => {
    isBroken = true
    const fence = open()
    assert.deepEqual(fence.notice, leaving)
    assert.equal(await fence.close(removed), true)
    assert.deepEqual(fence.notice, removed)
    assert.equal(await fence.close(leaving), false)
  })
})

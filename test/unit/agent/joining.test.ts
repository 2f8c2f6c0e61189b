import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'mocha'
import { readIdentity, readJoining } from '../../../src/agent/identity.ts'
import { join } from '../../../src/agent/joining.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { newSeed, type PeerKey, signerOf } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { encodeToken } from '../../../src/mesh/token.ts'
import { decodeJoinRequest, encodeJoinReply } from '../../../src/replica/join.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { startPeer, stopAll, stopPeer, type TestPeer } from '../mesh/harness.ts'

const parsed = parseConfig([], {}, { hostname: 'host2', defaultAddress: '10.0.0.2' })
assert.ok(parsed.kind === 'run')
const { config } = parsed
const meshId = '00'.repeat(16)

describe('agent: joining with a token', function () {
  this.timeout(20_000)
  afterEach(stopAll)

  /** An issuer, what it is asked under which new keys, and its token; the n-th request is answered by the n-th of `answers`. */
  async function issue(...answers: ((issuer: TestPeer) => Promise<Uint8Array>)[]) {
    const asked: PeerKey[] = []
    const seed = newSeed()
    const serve = (issuer: TestPeer) => {
      issuer.mesh.setInvitations([signerOf(seed).key])
      issuer.mesh.onJoin(async (_, request) => {
        asked.push(decodeJoinRequest(request).key)
        return (answers.shift() ?? assert.fail())(issuer)
      })
      return issuer
    }
    const issuer = serve(await startPeer())
    const address = issuer.mesh.listenAddress()
    const again = async () => void serve(await startPeer({ seed: issuer.seed, listen: address }))
    const token = encodeToken({ meshId, issuer: issuer.key, seed, addresses: [address], expiresMs: 0 })
    return { asked, again, token }
  }

  const admits = async ({ key }: TestPeer) => encodeJoinReply([{ key, addresses: ['10.0.0.1:7373'] }])
  const refuses = () => Promise.reject(new SkeinError('forbidden', 'this token has expired'))
  const fails = () => Promise.reject(new SkeinError('internal', 'the journal cannot be written'))
  /** It is killed with the admission on its disk, and the answer not on its way. */
  const dies = (issuer: TestPeer) => stopPeer(issuer).then(() => admits(issuer))
  const joinWith = (disk: ReturnType<typeof createMemoryDisk>, token: string, patient: boolean) =>
    join(config, disk, token, silentLogger, { patient })

  it('asks an issuer that died before it answered again, under the same key', async () => {
    const disk = createMemoryDisk()
    const { asked, again, token } = await issue(async issuer => {
      const answer = await dies(issuer)
      await again()
      return answer
    }, admits)
    const identity = await joinWith(disk, token, true)
    assert.deepEqual(asked, [signerOf(identity.seed).key, signerOf(identity.seed).key])
    assert.deepEqual((await readIdentity(disk, assert.fail))?.seed, identity.seed)
    assert.equal(await readJoining(disk, assert.fail), undefined)
  })

  it('keeps the key where it does not ask again by itself', async () => {
    const disk = createMemoryDisk()
    const { asked, again, token } = await issue(dies, fails, admits)
    await assert.rejects(joinWith(disk, token, false), { code: 'unavailable', message: /gave no answer/ })
    await again()
    await assert.rejects(joinWith(disk, token, false), { code: 'internal' })
    await joinWith(disk, token, false)
    assert.equal(asked.length, 3)
    assert.equal(new Set(asked).size, 1)
  })

  it('forgets the key that was refused', async () => {
    const disk = createMemoryDisk()
    const { asked, token } = await issue(refuses, admits)
    await assert.rejects(joinWith(disk, token, true), { code: 'forbidden', message: /has expired/ })
    assert.equal(await readJoining(disk, assert.fail), undefined)
    await joinWith(disk, token, true)
    assert.equal(new Set(asked).size, 2)
  })
})

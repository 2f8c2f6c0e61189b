import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { equalBytes, fromHex, sha256, toHex } from '../../../src/lib/bytes.ts'
import { type Clock, systemClock, withDeadline } from '../../../src/lib/clock.ts'
import { errorTable, errorText, SkeinError } from '../../../src/lib/errors.ts'
import { run } from '../../../src/lib/exec.ts'
import { newSeed, signerOf, verifySignature } from '../../../src/lib/keys.ts'

describe('keys', () => {
  it('signs as RFC 8032 says (test 2)', () => {
    const signer = signerOf(fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'))
    assert.equal(signer.key, '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    assert.equal(
      toHex(signer.sign(fromHex('72'))),
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
  })

  it('verifies what was signed by that key, and nothing else', () => {
    const [a, b] = [signerOf(newSeed()), signerOf(newSeed())]
    const bytes = new Uint8Array([1, 2, 3])
    const signature = a.sign(bytes)
    assert.equal(verifySignature(a.key, bytes, signature), true)
    assert.equal(verifySignature(b.key, bytes, signature), false)
    assert.equal(verifySignature(a.key, new Uint8Array([1, 2]), signature), false)
    assert.equal(verifySignature(a.key, bytes, signature.slice(1)), false)
    for (const key of ['', 'zz', a.key.slice(2), `${a.key}00`]) {
      assert.equal(verifySignature(key, bytes, signature), false)
    }
  })
})

describe('bytes', () => {
  it('hashes parts as their concatenation, compares, and goes through hex', () => {
    const [ab, a, b] = [fromHex('6162'), fromHex('61'), fromHex('62')]
    assert.equal(toHex(sha256(a, b)), toHex(sha256(ab)))
    assert.equal(toHex(sha256()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    assert.equal(equalBytes(ab, fromHex('6162')), true)
    assert.equal(equalBytes(ab, a), false)
    assert.equal(equalBytes(a, b), false)
    assert.equal(toHex(ab.subarray(1)), '62')
  })
})

describe('deadlines', () => {
  /** Fires by hand. */
  function handClock(): Clock & { fire(): void; waiting: number } {
    const timers = new Set<() => void>()
    return {
      now: () => 0,
      monotonic: () => 0,
      after: (_, callback) => {
        timers.add(callback)
        return { cancel: () => void timers.delete(callback) }
      },
      fire: () => {
        for (const callback of timers) callback()
      },
      get waiting() {
        return timers.size
      },
    }
  }
  const late = () => new SkeinError('timeout', 'late')

  it('passes on what comes in time, and leaves no timer', async () => {
    const clock = handClock()
    assert.equal(await withDeadline(clock, Promise.resolve(5), 10, late), 5)
    await assert.rejects(withDeadline(clock, Promise.reject(new Error('no')), 10, late), /no/)
    assert.equal(clock.waiting, 0)
  })

  it('rejects when time is up', async () => {
    const clock = handClock()
    const waiting = withDeadline(clock, new Promise(() => undefined), 10, late)
    clock.fire()
    await assert.rejects(waiting, { code: 'timeout' })
  })

  it('has a monotonic clock and timers that can be cancelled', async () => {
    const before = systemClock.monotonic()
    let fired = false
    systemClock
      .after(1, () => {
        fired = true
      })
      .cancel()
    await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal(fired, false)
    assert.ok(systemClock.monotonic() > before)
  })
})

describe('errors', () => {
  it('are one line, with the status and exit code of their kind', () => {
    const error = new SkeinError('in-use', 'network web\n  is in use')
    assert.equal(error.message, 'network web is in use')
    assert.equal(error.status, 409)
    assert.equal(error.exitCode, 5)
    for (const { status, exit } of Object.values(errorTable)) assert.ok(status >= 400 && exit > 0)
  })

  it('are text whatever was thrown', () => {
    assert.equal(errorText(new Error('a\nb ')), 'a b')
    assert.equal(errorText('x'), 'x')
    assert.equal(errorText(undefined), 'undefined')
  })
})

describe('child processes', () => {
  it('give code and output, and take input', async () => {
    assert.deepEqual(await run('cat', [], { input: 'hello\n' }), { code: 0, stdout: 'hello\n', stderr: '' })
    assert.equal((await run('sh', ['-c', 'exit 3'])).code, 3)
  })

  it('have their arguments from no shell', async () => {
    assert.equal((await run('printf', ['%s', '$HOME; x'])).stdout, '$HOME; x')
  })

  it('may leave input unread, and end by a signal', async () => {
    assert.deepEqual(await run('true', [], { input: 'x'.repeat(1_000_000) }), { code: 0, stdout: '', stderr: '' })
    assert.equal((await run('sh', ['-c', 'kill -9 $$'])).code, 1)
  })

  it('have whole characters in their output, however it comes', async () => {
    const script = "for i in 1 2 3; do printf '\\303'; sleep 0.02; printf '\\244'; done; printf err >&2"
    assert.deepEqual(await run('sh', ['-c', script]), { code: 0, stdout: 'äää', stderr: 'err' })
  })

  it('are killed at their deadline, and named when there is no such program', async () => {
    assert.equal((await run('sleep', ['10'], { timeoutMs: 50 })).code, 124)
    const { code, stderr } = await run('/no/such/program', [])
    assert.equal(code, 127)
    assert.match(stderr, /not found/)
  })
})

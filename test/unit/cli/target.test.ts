import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { findTarget } from '../../../cli/target.ts'
import { createTestPeer, startTestApi } from '../api/fixture.ts'
import { runCli } from './fixture.ts'

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    await new Promise(resolve => server.close(resolve))
  }
}

describe('cli: target', () => {
  const socket = (path: string) => ({ kind: 'socket' as const, path, text: path })
  const env = { SKEIN_HOST: '/env.sock', NETMASTER: 'http://localhost:9999' }

  it('takes flag before environment, --host before --netmaster, the default socket last', () => {
    assert.deepEqual(findTarget({ host: '/a' }, env), socket('/a'))
    assert.deepEqual(findTarget({ host: 'unix:///a', netmaster: 'http://127.0.0.1:1' }, env), socket('/a'))
    assert.equal(findTarget({ netmaster: 'http://127.0.0.1:1' }, env).text, 'http://127.0.0.1:1')
    assert.deepEqual(findTarget({}, env), socket('/env.sock'))
    assert.equal(findTarget({}, { NETMASTER: env.NETMASTER }).text, 'http://localhost:9999')
    assert.deepEqual(findTarget({}, {}), socket('/run/skein/skein.sock'))
    assert.deepEqual(findTarget({ host: 'http://[::1]:99/' }, {}), {
      kind: 'http',
      host: '::1',
      port: 99,
      text: 'http://[::1]:99/',
    })
  })

  it('takes a name for a member, and finds skeind as without it', () => {
    assert.deepEqual(findTarget({ host: 'host2' }, {}), { ...socket('/run/skein/skein.sock'), via: 'host2' })
    assert.deepEqual(findTarget({ host: 'host2' }, env), { ...socket('/env.sock'), via: 'host2' })
    assert.deepEqual(findTarget({}, { SKEIN_HOST: '0a1b2c' }), { ...socket('/run/skein/skein.sock'), via: '0a1b2c' })
    const through = findTarget({ host: 'host2' }, { SKEIN_HOST: 'host1', NETMASTER: 'http://localhost:9999' })
    assert.deepEqual([through.text, through.via], ['http://localhost:9999', 'host2'])
    assert.equal(findTarget({ host: '/a' }, { SKEIN_HOST: 'host1' }).via, undefined)
    assert.throws(() => findTarget({ netmaster: 'host2' }, {}), { code: 'usage' })
  })

  it('refuses what is neither a socket nor a loopback URL', () => {
    assert.throws(() => findTarget({}, { NETMASTER: 'http://netmaster:9999' }), {
      code: 'usage',
      message: /^NETMASTER: http:\/\/netmaster:9999 is refused: the API has no authentication/,
    })
    for (const host of [
      'https://127.0.0.1:1',
      'tcp://127.0.0.1:1',
      './skein.sock',
      'http://127.0.0.1:1/path',
      'http://127.0.0.1.evil:1',
    ]) {
      assert.throws(() => findTarget({ host }, {}), { code: 'usage' }, host)
    }
    assert.throws(() => findTarget({ netmaster: '/a.sock' }, {}), { code: 'usage' })
  })

  it('works over a loopback URL', async () => {
    const { api, stop } = await startTestApi({
      deps: (await createTestPeer()).deps,
      listen: { address: '127.0.0.1', port: 0 },
    })
    try {
      const { stdout } = await runCli('netctl', ['--netmaster', `http://${api.httpAddress()}`, 'tenant', 'ls', '-q'])
      assert.equal(stdout, 'default\n')
    } finally {
      await stop()
    }
  })

  it('says so when something else answers, or hangs up', async () => {
    await withServer(
      (_request, response) => response.end('<html>'),
      async url => {
        const { code, stderr } = await runCli('skein', ['-H', url, 'status'])
        assert.equal(code, 7)
        assert.match(stderr, /^Error: what answers at http:\/\/127\.0\.0\.1:\d+ is not skeind/)
      },
    )
    await withServer(
      (_request, response) => response.destroy(),
      async url => {
        const { code, stderr } = await runCli('skein', ['-H', url, 'status'])
        assert.equal(code, 7)
        assert.match(stderr, /^Error: cannot reach skeind at .* \(.*\): is it running\?/)
      },
    )
  })

  it('says that skeind is still starting', async () => {
    const { socketPath, stop } = await startTestApi()
    try {
      assert.deepEqual(await runCli('skein', ['net', 'ls'], { SKEIN_HOST: socketPath }), {
        code: 7,
        stdout: '',
        stderr: 'Error: skeind is still starting: try again in a moment\n',
      })
    } finally {
      await stop()
    }
  })
})

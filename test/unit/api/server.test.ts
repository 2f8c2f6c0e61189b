import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApi } from '../../../src/api/server.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { call, createTestPeer, startTestApi } from './fixture.ts'

describe('api: server', () => {
  it('says that it is still starting until it is served, on every path', async () => {
    const { api, call: ask, stop } = await startTestApi()
    try {
      for (const path of ['/version', '/api/v1/networks/', '/api/v1/status', '/nowhere']) {
        const answer = await ask('GET', path)
        assert.equal(answer.status, 503, path)
        assert.equal(answer.text, 'skeind is still starting: try again in a moment\n')
        assert.equal(answer.headers['skein-code'], 'unavailable')
      }
      api.serve((await createTestPeer()).deps)
      const answer = await ask('GET', '/version')
      assert.deepEqual(answer.json(), { GitCommit: 'abc', Version: '0.1.0', BuildTime: 'now' })
    } finally {
      await stop()
    }
  })

  it('makes the directory, replaces a stale socket, sets mode 0660 and leaves no socket behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'skein-api-'))
    const socketPath = join(directory, 'skein.sock')
    writeFileSync(socketPath, '') // what a killed peer leaves, as far as connecting to it goes
    chmodSync(socketPath, 0o777)
    const { stop } = await startTestApi({ socketPath })
    const stat = statSync(socketPath)
    await stop()
    const left = existsSync(socketPath)
    rmSync(directory, { recursive: true })
    assert.ok(stat.isSocket())
    assert.equal(stat.mode & 0o777, 0o660)
    assert.equal(left, false)
  })

  it('never takes the socket of a peer that runs', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'skein-api-'))
    const socketPath = join(directory, 'skein.sock')
    const other = createServer().listen(socketPath)
    await new Promise(resolve => other.once('listening', resolve))
    const api = createApi({ log: silentLogger, socketPath })
    try {
      await assert.rejects(api.start(), { code: 'conflict', message: /another skeind answers at .*skein\.sock/ })
      assert.ok(existsSync(socketPath))
    } finally {
      await api.stop()
      await new Promise(resolve => other.close(resolve))
      rmSync(directory, { recursive: true })
    }
  })

  it('serves a loopback port too, but no web page', async () => {
    const { api, stop } = await startTestApi({
      listen: { address: '127.0.0.1', port: 0 },
      deps: (await createTestPeer()).deps,
    })
    try {
      const port = Number(api.httpAddress()?.split(':')[1])
      const target = { host: '127.0.0.1', port }
      assert.equal((await call(target, 'GET', '/version')).status, 200)
      const posted = await call(target, 'POST', '/api/v1/tenants/blue/', { headers: { origin: 'http://evil.example' } })
      assert.equal(posted.status, 403)
      const rebound = await call(target, 'GET', '/version', { headers: { host: 'evil.example' } })
      assert.equal(rebound.status, 403)
      assert.equal((await call(target, 'GET', '/api/v1/tenants/blue/')).status, 404)
    } finally {
      await stop()
    }
  })

  it('stops with a request open, within its limit', async () => {
    const { deps } = await createTestPeer()
    let arrived = () => {}
    const asked = new Promise<void>(resolve => {
      arrived = resolve
    })
    const admission = { ...deps.admission, join: () => new Promise<void>(() => arrived()) }
    const { call: ask, stop } = await startTestApi({ deps: { ...deps, admission } })
    const open = ask('POST', '/api/v1/join', { body: { token: 'x' } }).catch(() => 'cut off')
    await asked
    await stop()
    assert.equal(await open, 'cut off')
  })

  it('answers unknown paths and foreseeable and unforeseen errors with one line', async () => {
    const { deps } = await createTestPeer()
    const broken = { ...deps, hostStatus: () => assert.fail('two\nlines') }
    const { call: ask, stop } = await startTestApi({ deps: broken })
    try {
      const cases: [path: string, status: number, code: string, text: RegExp][] = [
        ['/api/v1/nothing', 404, 'not-found', /^GET \/api\/v1\/nothing is no path of this API: see skein --help\n$/],
        ['/api/v1/status', 500, 'internal', /^internal error: two lines: see the log of skeind\n$/],
        ['/api/v1/tenants/%ZZ', 400, 'invalid', /^bad request: .*\n$/],
      ]
      for (const [path, status, code, text] of cases) {
        const answer = await ask('GET', path)
        assert.equal(answer.status, status, path)
        assert.equal(answer.headers['skein-code'], code)
        assert.match(String(answer.headers['content-type']), /^text\/plain/)
        assert.match(answer.text, text)
        assert.equal(`${answer.reason}\n`, answer.text)
      }
    } finally {
      await stop()
    }
  })
})

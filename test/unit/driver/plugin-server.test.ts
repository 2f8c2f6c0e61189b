import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createPluginServer, type PluginServer } from '../../../src/driver/plugin-server.ts'
import type { Answer, Driver } from '../../../src/driver/protocol.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import { SkeinError } from '../../../src/lib/errors.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { call, newSocketPath } from './fixture.ts'

/** 8 s are 80 ms. */
const hasty: Clock = { ...systemClock, after: (delayMs, callback) => systemClock.after(delayMs / 100, callback) }

/** A driver of which one call is made. */
const only = (handlers: Partial<Driver>) => handlers as Driver

const ids = { NetworkID: 'a'.repeat(64), EndpointID: 'b'.repeat(64) }

describe('plugin server', () => {
  let socketPath: string
  let server: PluginServer
  const start = async (clock: Clock = systemClock) => {
    server = createPluginServer({ socketPath, clock, log: silentLogger })
    await server.start()
  }

  beforeEach(() => {
    socketPath = newSocketPath()
  })
  afterEach(async () => {
    await server.stop()
    await rm(dirname(socketPath), { recursive: true, force: true })
  })

  it('makes its directory, answers what is fixed before anything else is up, and removes its socket', async () => {
    await start()
    assert.equal((await stat(socketPath)).mode & 0o777, 0o600)
    const answer = async (method: string) => (await call(socketPath, method)).body
    assert.deepEqual(await answer('Plugin.Activate'), { Implements: ['NetworkDriver', 'IpamDriver'] })
    assert.deepEqual(await answer('NetworkDriver.GetCapabilities'), { Scope: 'local', ConnectivityScope: 'global' })
    assert.deepEqual(await answer('IpamDriver.GetCapabilities'), {
      RequiresMACAddress: false,
      RequiresRequestReplay: false,
    })
    assert.deepEqual(await answer('IpamDriver.GetDefaultAddressSpaces'), {
      LocalDefaultAddressSpace: 'skein',
      GlobalDefaultAddressSpace: 'skein',
    })
    await server.stop()
    assert.equal(existsSync(socketPath), false)
  })

  it('lets other calls wait until a driver is served', async () => {
    await start()
    const pending = call(socketPath, 'NetworkDriver.Leave', ids)
    const seen: unknown[] = []
    server.serve(
      only({
        'NetworkDriver.Leave': async request => {
          seen.push(request)
          return {}
        },
      }),
    )
    assert.deepEqual(await pending, { status: 200, body: {} })
    assert.deepEqual(seen, [ids])
  })

  it('refuses within the limit when no driver comes, with both fields that Docker reads', async () => {
    await start(hasty)
    const text = 'skeind is still starting: try again, or see its log'
    assert.deepEqual(await call(socketPath, 'NetworkDriver.Join', ids), {
      status: 500,
      body: { Err: text, Error: text },
    })
  })

  it('gives up on a handler that hangs, and tells it', async () => {
    await start(hasty)
    let told: AbortSignal | undefined
    server.serve(
      only({
        'NetworkDriver.Join': (_request, signal) => {
          told = signal
          return new Promise<Answer>(() => {})
        },
      }),
    )
    const { status, body } = await call(socketPath, 'NetworkDriver.Join', ids)
    assert.equal(status, 500)
    assert.match(String(body.Err), /did not finish NetworkDriver.Join within 20 s: see "skein status"/)
    assert.equal(told?.aborted, true)
  })

  it('gives the start of a container more time than other calls', async () => {
    const limits: number[] = []
    const noting = {
      ...hasty,
      after(ms: number, callback: () => void) {
        limits.push(ms)
        return hasty.after(ms, callback)
      },
    }
    await start(noting)
    server.serve(only({}))
    for (const method of ['NetworkDriver.Join', 'NetworkDriver.Leave'] as const) await call(socketPath, method, ids)
    assert.deepEqual(limits, [20_000, 8_000])
  })

  it("passes a refusal's text on, on one line", async () => {
    await start()
    const refuse = async () => {
      throw new SkeinError('exhausted', 'no address is left:\n  ask host2')
    }
    server.serve(only({ 'NetworkDriver.Join': refuse }))
    const text = 'no address is left: ask host2'
    assert.deepEqual(await call(socketPath, 'NetworkDriver.Join', ids), {
      status: 500,
      body: { Err: text, Error: text },
    })
  })

  it('answers 404 to an unknown method and 500 to malformed requests, without calling anybody', async () => {
    await start()
    server.serve(only({}))
    assert.equal((await call(socketPath, 'VolumeDriver.Create', {})).status, 404)
    for (const body of ['{', '[]', { NetworkID: 'x/../y', EndpointID: 'b' }, { NetworkID: 7 }, 'x'.repeat(2_000_000)]) {
      const reply = await call(socketPath, 'NetworkDriver.Join', body).catch((error: NodeJS.ErrnoException) => error)
      if (reply instanceof Error)
        assert.equal(reply.code, 'EPIPE') // refused by its length before it was read
      else assert.equal(reply.status, 500)
    }
    assert.equal((await call(socketPath, 'Plugin.Activate')).status, 200)
  })

  it('tolerates a repeat without a body', async () => {
    await start()
    server.serve(only({ 'IpamDriver.ReleasePool': async () => ({}) }))
    assert.deepEqual(await call(socketPath, 'IpamDriver.ReleasePool'), { status: 200, body: {} })
    // what it is about went with the first try: nothing can be done, and the command is to be typed again
    const { status, body } = await call(socketPath, 'NetworkDriver.Join')
    assert.equal(status, 500)
    assert.match(String(body.Err), /^skeind was starting when Docker called NetworkDriver.Join, .*: try again$/)
  })

  it('takes the place of a socket that a crash left, not of one that answers nor of a file', async () => {
    await mkdir(dirname(socketPath), { recursive: true })
    const other = createServer()
    await new Promise<void>(resolve => other.listen(socketPath, resolve))
    server = createPluginServer({ socketPath, clock: systemClock, log: silentLogger })
    await assert.rejects(server.start(), /another process answers on .*mesh.sock/)
    await new Promise(resolve => other.close(resolve))
    await writeFile(socketPath, 'precious')
    await assert.rejects(
      createPluginServer({ socketPath, clock: systemClock, log: silentLogger }).start(),
      /not a socket/,
    )
    await rm(socketPath)
    await leaveSocket(socketPath)
    assert.equal(existsSync(socketPath), true)
    await start()
    assert.equal((await call(socketPath, 'Plugin.Activate')).status, 200)
  })

  it('lets a call under way finish when it stops, and refuses one that waits', async () => {
    await start()
    const waiting = call(socketPath, 'NetworkDriver.Join', ids)
    await call(socketPath, 'Plugin.Activate')
    await server.stop()
    assert.match(String((await waiting).body.Err), /skeind is stopping/)
  })
})

/** A socket whose process was killed. */
async function leaveSocket(path: string): Promise<void> {
  const { spawn } = await import('node:child_process')
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore', env: {} })
  await new Promise(resolve => child.once('exit', resolve))
}

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { SkeinError } from '../../../src/lib/errors.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { depsOf, startTestApi } from '../api/fixture.ts'
import { runCli } from '../cli/fixture.ts'
import { createWeb, type Host, meshOf } from './fixture.ts'

/** What one step may take, as the API has it, ms. */
const stepMs = 5000

describe('ipam: a drain waits for who takes the addresses', function () {
  this.timeout(30_000)
  let hosts: Host[]
  let answer: () => void

  beforeEach(async () => {
    hosts = await meshOf(new MemoryHub(), 3)
    await createWeb(hosts, '10.1.0.0/24')
  })
  afterEach(() => Promise.all(hosts.map(host => host.stop())))

  const at = (number: number): Host => hosts[number - 1] ?? assert.fail()
  const drained = () => at(3).ipam.drain(stepMs)

  /** host2 stays connected, hears nothing and answers nobody; who asks gives up after this part of its limit. */
  function silence(part: number): void {
    const { mesh } = at(2)
    for (const asking of [at(1).mesh, at(3).mesh, mesh]) {
      const { request } = asking
      asking.request = (to, protocol, bytes, limitMs) => {
        if (to !== mesh.self && asking !== mesh) return request.call(asking, to, protocol, bytes, limitMs)
        const late = new SkeinError('timeout', 'no answer')
        return new Promise((_, reject) => setTimeout(() => reject(late), limitMs * part))
      }
    }
    mesh.hear = () => {}
    answer = () => {
      for (const each of hosts) Reflect.deleteProperty(each.mesh, 'request')
      Reflect.deleteProperty(mesh, 'hear')
    }
  }

  it('names the one that does not answer, within its limit, and no more once that holds the transfers', async () => {
    silence(1)
    const began = performance.now()
    const { given, left, to, waitingFor } = await drained()
    assert.ok(performance.now() - began < stepMs, 'in time')
    assert.ok(given > 0)
    assert.deepEqual([left, to.length, waitingFor], [0, 2, [at(2).signer.key]])
    answer()
    await eventually(async () => assert.deepEqual((await drained()).waitingFor, []))
  })

  it('is said by skein peer drain, which gives up with the command that goes on', async () => {
    silence(0.02)
    const { replica, mesh } = at(3)
    const api = await startTestApi({ deps: depsOf(replica, { ipam: at(3).ipam, connected: () => mesh.connected() }) })
    const drain = () => runCli('skein', ['peer', 'drain'], { SKEIN_HOST: api.socketPath })
    try {
      const { code, stdout, stderr } = await drain()
      assert.notEqual(code, 0)
      assert.equal(stdout, '')
      assert.match(stderr, /[1-9]\d* handed over, none to go, waiting for host2\n/)
      assert.match(stderr, /not acknowledged, waiting for host2: see skein peer ls, then drain again\n$/)
      answer()
      const again = await drain()
      assert.equal(again.code, 0, again.stderr)
      assert.match(again.stdout, /^handed over 0 blocks and single addresses to host[12], host[12]\n$/)
    } finally {
      await api.stop()
    }
  })
})

import assert from 'node:assert/strict'
import type { RuleCountersJson } from '../../../src/api/types.ts'
import { encode } from '../../../src/lib/cbor.ts'
import { type Counted, counterName, readCounters } from '../../../src/policy/index.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { runCli } from '../cli/fixture.ts'
import { depsOf, startTestApi, type TestApi } from './fixture.ts'

const protocol = '/skein/api/1'

describe('api: what rules counted', () => {
  const hub = new MemoryHub()
  let peers: MemoryPeer[] = []
  const apis: TestApi[] = []
  /** Of each host, by rule. */
  const counted: Record<string, Record<string, Counted>> = {}

  const skein = (...argv: string[]) => runCli('skein', argv, { SKEIN_HOST: (apis[0] as TestApi).socketPath })

  before(async () => {
    const first = await foundPeer(hub, 'host1')
    peers = [first, await joinPeer(hub, 'host2', first)]
    for (const { replica, mesh, name } of peers) {
      await replica.waitFor(view => view.members().filter(member => member.settled).length === 2, 3000)
      const ruleCounters = async () => {
        const rules = replica.view.objects.rules('default', 'p')
        return new Map(
          rules.flatMap(({ id, hash }) => {
            const value = counted[name]?.[id]
            return value ? [[counterName('p', id, hash), value]] : []
          }),
        )
      }
      const relay = {
        ask: (to: string, bytes: Uint8Array, ms: number) => mesh.request(to, protocol, bytes, ms),
        handle: (answer: Parameters<typeof mesh.handle>[1]) => mesh.handle(protocol, answer),
      }
      const api = await startTestApi()
      api.api.serve(depsOf(replica, { connected: () => mesh.connected(), relay, ruleCounters }))
      apis.push(api)
    }
    await skein('policy', 'create', 'p')
    await skein('policy', 'rule-add', 'p', '1', '-l', 'tcp', '-j', 'deny')
    await skein('policy', 'rule-add', 'p', '2', '-d', 'out', '--wait')
  })
  after(async () => {
    hub.heal()
    await Promise.all(apis.map(api => api.stop()))
    await Promise.all(peers.map(peer => peer.stop()))
  })
  beforeEach(() => {
    counted.host1 = { 1: { packets: 2, bytes: 120 } }
    counted.host2 = { 1: { packets: 3, bytes: 180 }, 2: { packets: 1, bytes: 84 } }
  })

  it('sums over hosts in a table, and tells each in JSON', async () => {
    const { stdout, stderr } = await skein('policy', 'rule-ls', 'p', '--counters')
    assert.equal(stderr, '')
    assert.match(stdout, /Protocol +Port +Action +Packets +Bytes\n.*\n1 .* deny +5 +300\n/)
    assert.match(stdout, /Outgoing[\s\S]*\n2 .* allow +1 +84\n/)
    const json = JSON.parse((await skein('policy', 'rule-ls', 'p', '--counters', '--json')).stdout)
    assert.deepEqual(json[0].counters, {
      ...{ packets: 5, bytes: 300 },
      hosts: { host1: { packets: 2, bytes: 120 }, host2: { packets: 3, bytes: 180 } },
    })
  })

  it('leaves the tables without counters as they were', async () => {
    assert.doesNotMatch((await skein('policy', 'rule-ls', 'p')).stdout, /Packets/)
    const netctl = await runCli('netctl', ['policy', 'rule-ls', 'p', '--counters'], { SKEIN_HOST: apis[0]?.socketPath })
    assert.match(netctl.stderr, /unknown option/)
  })

  it('says whom it could not ask, and gives the figures of the others', async () => {
    hub.split([peers[0]?.signer.key ?? ''], [peers[1]?.signer.key ?? ''])
    const { code, stdout, stderr } = await skein('policy', 'rule-ls', 'p', '--counters')
    hub.heal()
    assert.equal(code, 0)
    assert.equal(stderr, 'without what host2 counted: out of reach\n')
    assert.match(stdout, /\n1 .* deny +2 +120\n/)
    assert.match(stdout, /\n2 .* allow +0 +0\n/)
  })

  it('trusts no other host to answer well', async () => {
    const answer = (body: string) => async () => encode([1, 200, [], body])
    const path = '/api/v1/counters/policys/default:p'
    const mesh = peers[1]?.mesh
    const usual = mesh?.handler(protocol)
    const ask = async () => (await apis[0]?.call('GET', path))?.json() as RuleCountersJson
    mesh?.handle(protocol, answer('{"rules":{"1":{"packets":"x","bytes":-4},"2":null}}'))
    assert.deepEqual((await ask()).hosts[1], {
      ...{ name: 'host2', rules: { 1: { packets: 0, bytes: 0 }, 2: { packets: 0, bytes: 0 } } },
    })
    mesh?.handle(protocol, answer('no JSON'))
    assert.equal((await ask()).missing[0]?.name, 'host2')
    if (usual) mesh?.handle(protocol, usual)
    assert.equal((await ask()).missing.length, 0)
  })

  it('reads what nft prints, counters of rules alone', () => {
    const text = `table inet skein {
\tcounter r_0a1b {
\t\tpackets 12 bytes 840
\t}

\tcounter other {
\t\tpackets 1 bytes 1
\t}
}
`
    assert.deepEqual([...readCounters(text)], [['r_0a1b', { packets: 12, bytes: 840 }]])
  })
})

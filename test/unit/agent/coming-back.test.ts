import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { comeBack } from '../../../src/agent/coming-back.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { signerOf } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer, restartPeer } from '../../support/memory-peer.ts'
import { seedAt, tenant } from '../replica/rig.ts'

const parsed = parseConfig([], {}, { hostname: 'host2', defaultAddress: '10.0.0.2' })
assert.ok(parsed.kind === 'run')
const { config } = parsed

describe('agent: a host that was rolled back comes back', () => {
  let hub: MemoryHub
  let founder: MemoryPeer
  let old: MemoryPeer

  /** An old copy of the second host's disk, which has found out. */
  beforeEach(async () => {
    hub = new MemoryHub()
    founder = await foundPeer(hub, 'host1', seedAt(1))
    const last = await joinPeer(hub, 'host2', founder, seedAt(2))
    await eventually(() => assert.ok(founder.replica.view.member(last.signer.key)?.settled))
    const copy = createMemoryDisk()
    await copy.replace('journal', (await last.disk.read('journal')) ?? new Uint8Array())
    const dot = await last.replica.write(() => [tenant('late')])
    await eventually(() => assert.equal(founder.replica.view.held(last.signer.key), dot?.counter))
    await last.stop()
    old = await restartPeer(hub, last, copy)
    await eventually(() => assert.ok(old.replica.fenced))
  })
  afterEach(() => Promise.all([founder.stop(), old.stop()]))

  const begin = (rejoining: MemoryPeer['rejoining'] = old.rejoining) => {
    const { meshId } = old.replica.view
    const identity = { seed: seedAt(2), meshId, nonce: '', introductions: [], former: [] }
    return comeBack(config, createMemoryDisk(), identity, { ...old, rejoining }, silentLogger)
  }

  it('also while its connections are being made anew', async () => {
    hub.split([founder.signer.key], [old.signer.key])
    assert.deepEqual(old.mesh.connected(), [])
    let asked = 0
    const coming = begin({
      succeed(...as) {
        asked++
        return old.rejoining.succeed(...as)
      },
    })
    await Promise.race([coming, eventually(() => assert.ok(asked >= 2))])
    hub.heal()
    const { seed } = await coming
    assert.equal(founder.replica.view.everMember(signerOf(seed).key)?.succeeds, old.signer.key)
  })

  it('also when its connection ends while a member is asked', async () => {
    const { connected } = old.mesh
    // it is gone when it is asked
    old.mesh.connected = () => {
      const members = connected.call(old.mesh)
      hub.split([founder.signer.key], [old.signer.key])
      return members
    }
    const coming = begin()
    await Promise.race([coming, eventually(() => assert.deepEqual(connected.call(old.mesh), []))])
    old.mesh.connected = connected
    hub.heal()
    const { seed } = await coming
    assert.equal(founder.replica.view.everMember(signerOf(seed).key)?.succeeds, old.signer.key)
  })

  it('and is told that no member is within reach when none is there in time', async () => {
    hub.split([founder.signer.key], [old.signer.key])
    await assert.rejects(begin(), /no member lets this host come back \(none is within reach: see skein peer ls\)/)
  })
})

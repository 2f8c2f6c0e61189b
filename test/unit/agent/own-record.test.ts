import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { publishSelf } from '../../../src/agent/own-record.ts'
import { machineOf } from '../../../src/crdt/identity.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { foundRig } from '../replica/rig.ts'

const config = { name: 'host1', vtepAddress: '192.0.2.1', machineId: 'a machine' }
const listen = '10.0.0.1:7373'

describe('agent: what a peer says of itself', () => {
  let replica: Replica

  beforeEach(async () => {
    replica = (await foundRig(createMemoryDisk())).replica
  })
  afterEach(() => replica.stop())

  const publish = (changed = {}, to = listen) => publishSelf(replica, { ...config, ...changed }, to, silentLogger)
  const me = () => replica.view.member(replica.self)
  const counter = () => replica.view.held(replica.self)

  it('is written once, and again only when it is another', async () => {
    await publish()
    assert.equal(me()?.vtepAddress, '192.0.2.1')
    assert.equal(me()?.machine, machineOf(replica.view.meshId, 'a machine'))
    // no interface has that address: Ethernet's
    assert.equal(me()?.mtu, 1500)
    const before = counter()
    await publish()
    assert.equal(counter(), before)
    await publish({}, '10.0.0.2:7373')
    assert.deepEqual(me()?.addresses, ['10.0.0.2:7373'])
    assert.equal(counter(), before + 1)
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { fenceCondition, removedHost } from '../../../src/agent/host-conditions.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { foundRig } from '../replica/rig.ts'

describe('agent: conditions of a host that may write nothing', () => {
  let replica: Replica
  const file = { path: '/unseen.json', hasObjects: true, remarks: 0 }

  beforeEach(async () => {
    replica = (await foundRig(createMemoryDisk())).replica
  })
  afterEach(() => replica.stop())

  it('has none while it may', () => {
    assert.deepEqual([...fenceCondition(replica), ...removedHost(replica, file)], [])
  })

  it('says who removed it, how it comes back, and where that is which nobody else had', async () => {
    await replica.fence({ starter: 'a', startedOn: 'host2', sinceMs: 1, cut: 1 })
    const [fenced] = fenceCondition(replica)
    assert.match(fenced?.text ?? '', /writes nothing; traffic of its containers goes on: this host was removed/)
    assert.match(fenced?.remedy ?? '', /^on another host: skein peer invite; on this one: skein join TOKEN$/)
    const [removed] = removedHost(replica, file)
    assert.match(removed?.text ?? '', /skein peer rm on host2 at 1970-01-01T00:00:00.001Z\): it hands out nothing/)
    assert.match(removed?.remedy ?? '', /run skein peer invite on host2.*; then.*: skein apply -f \/unseen.json$/)
    const says = (some: Partial<typeof file>) => removedHost(replica, { ...file, ...some })[0]?.remedy ?? ''
    assert.match(
      says({ remarks: 2 }),
      /; then what reached no other host: follow the 2 remarks at the head of \/unseen.json, and run skein apply -f \/unseen.json$/,
    )
    assert.match(
      says({ hasObjects: false, remarks: 1 }),
      /; then what reached no other host: follow the 1 remark at the head of \/unseen.json$/,
    )
    assert.doesNotMatch(removedHost(replica, undefined)[0]?.remedy ?? '', /apply/)
  })
})

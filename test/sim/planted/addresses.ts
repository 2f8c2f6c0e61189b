/** Address services that hand out what they may not, or too early. */
import assert from 'node:assert/strict'
import { createLedger } from '../../../src/ipam/core/ledger.ts'
import type { Replica } from '../../../src/replica/replica.ts'
import { freedBeforeTheHeir, removedAndBack } from '../told/heirs.ts'
import { joinedThroughTheDead } from '../told/removals.ts'
import type { Planted } from './planted.ts'
import { changed, seenAs } from './seen-as.ts'

/** Freed addresses are free for everybody at once. */
const hotLedger: typeof createLedger = (...given) => ({
  ...createLedger(...given),
  isCooling: () => false,
  coolsInMs: () => 0,
})

export const addressFaults: readonly Planted[] = [
  {
    what: 'an address service that does not look at epochs: what was once its own stays so (I1, R1)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          block(id, index) {
            const block = view.block(id, index)
            const wasOwn = view.transfers(id, index).some(({ from }) => from === replica.self)
            return block && wasOwn ? { ...block, owner: replica.self } : block
          },
        })),
    },
    breaks: /I1|R7|promise 4/,
    budget: 60,
  },
  {
    what: 'an address service that hands out of blocks that are not its own (I1, R3)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          block(id, index) {
            const block = view.block(id, index)
            return block && index % 7 === 0 ? { ...block, owner: replica.self } : block
          },
          // also those that neither the genesis nor a transfer gave it
          touchedBlocks: id => [...Array(view.blockCount(id)).keys()],
        })),
    },
    breaks: /I1/,
    budget: 30,
  },
  {
    what: 'an address service that hands carved-out addresses out with their block (I1, R6)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          address(id, ip) {
            const address = view.address(id, ip)
            return address?.owner === replica.self ? address : undefined
          },
          block(id, index) {
            const block = view.block(id, index)
            return block && { ...block, carved: [] }
          },
        })),
    },
    breaks: /I1/,
    budget: 100,
  },
  {
    what: 'an address service that overlooks the pools of groups (R6)',
    parts: {
      replicaForIpam: replica => seenAs(replica, view => ({ objects: changed(view.objects, { groups: () => [] }) })),
    },
    breaks: /R6/,
    budget: 30,
  },
  {
    what: 'an address service whose clock runs fast: nothing cools down, unused addresses are taken back at once (R7)',
    parts: { clockForIpam: clock => ({ ...clock, monotonic: () => 1000 * clock.monotonic() }) },
    breaks: /R7/,
    budget: 100,
  },
  {
    what: 'an address service without a cool-down, and nothing else (R7)',
    parts: { newLedger: hotLedger },
    breaks: /R7/,
    budget: 100,
  },
  {
    what: 'an heir that hands out at once what the host that is gone may have freed (R7)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          block(id, index) {
            const { inheritedFrom: _, ...block } = view.block(id, index) ?? assert.fail()
            return block
          },
        })),
    },
    breaks: /R7/,
    budget: freedBeforeTheHeir,
  },
  {
    what: 'an address service that takes pending members for settled (R4)',
    parts: {
      replicaForIpam: replica =>
        seenAs(replica, view => ({
          member(key) {
            const member = view.member(key)
            return member && { ...member, settled: true }
          },
          members: () => view.members().map(member => ({ ...member, settled: true })),
        })),
    },
    breaks: /I1/,
    budget: joinedThroughTheDead,
  },
  {
    what: 'an address service that hands out what a live endpoint holds (R5)',
    parts: { replicaForIpam: replica => seenAs(replica, () => ({ holders: () => [] })) },
    breaks: /I1/,
    budget: removedAndBack,
  },
  {
    what: 'an address service that answers before its journal (R7)',
    parts: {
      replicaForIpam: replica => {
        const set: Replica['local']['set'] = async pairs => {
          replica.local.set(pairs).catch(() => undefined)
        }
        const { local } = replica
        return Object.create(replica, {
          local: { value: { get: local.get, entries: local.entries, set } },
          view: { value: replica.view },
        }) as Replica
      },
    },
    breaks: /R7|I1/,
    budget: 60,
  },
]

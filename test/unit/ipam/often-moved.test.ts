/** Blocks and addresses that have moved as often as their records can say (decision 0018): the hosts that have them go on giving others. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import type { Transfer } from '../../../src/crdt/leaves.ts'
import { chooseAddresses, chooseAll, chooseBlocks } from '../../../src/ipam/core/donation.ts'
import { Random } from '../../sim/random.ts'
import { Churn } from './churn.ts'
import type { ChurnHost } from './churn-mesh.ts'

const all = 1000

describe('ipam: what has moved as often as its record can say', () => {
  let mesh: Churn
  let [one, two]: ChurnHost[] = []
  const at = (host: ChurnHost | undefined) => host ?? assert.fail()
  const moved: Transfer[] = Array.from({ length: all }, () => {
    return { epoch: 1, counter: 1, from: '', to: '', carved: [], signature: new Uint8Array(64) }
  })

  beforeEach(() => {
    mesh = new Churn(new Random(1), 3, 3)
    ;[one, two] = mesh.hosts
  })

  it('a block stays, whole and in part: the next one is given in its place, and all others are handed over', () => {
    const { view, pool } = at(one)
    const own = chooseAll(mesh.moment(at(one)), pool, all).blocks
    const stays = own.at(-1) ?? assert.fail()
    const transfers = view.transfers.bind(view)
    view.transfers = (id, index) => (index === stays ? moved : transfers(id, index))
    const others = own.filter(index => index !== stays)
    assert.deepEqual(chooseBlocks(mesh.moment(at(one)), pool, { count: 1, evenLast: false }), others.slice(-1))
    const parts = chooseAddresses(mesh.moment(at(one)), pool, all)
    assert.ok(parts.length > 0 && parts.every(ip => view.blockOf(mesh.id, ip) !== stays))
    assert.deepEqual(chooseAll(mesh.moment(at(one)), pool, all).blocks, others)
    mesh.hand(at(one), at(two), others, [])
    assert.ok(mesh.up(at(one)), 'it is used where it is')
    assert.equal(view.blockOf(mesh.id, mesh.held(at(one))[0] ?? 0), stays)
  })

  it('so does a single address', () => {
    const { view, pool } = at(two)
    const given = chooseAddresses(mesh.moment(at(one)), at(one).pool, 4)
    mesh.hand(at(one), at(two), [], given)
    const [stays, ...others] = [...given].sort((a, b) => a - b)
    const transfers = view.addressTransfers.bind(view)
    view.addressTransfers = (id, ip) => (ip === stays ? moved : transfers(id, ip))
    assert.ok(others.length > 0)
    assert.deepEqual(chooseAll(mesh.moment(at(two)), pool, all).ips, others)
    const { blocks } = chooseAll(mesh.moment(at(two)), pool, all)
    mesh.hand(at(two), at(one), blocks, [])
    assert.ok(!chooseAddresses(mesh.moment(at(two)), pool, all).includes(stays ?? 0))
    assert.ok(pool.ownsAddress(view, stays ?? 0))
  })
})

/**
 * Into how many pieces, each with a register of its own, a network falls. A block is never divided: the genesis says where it begins and ends, and it moves
 * whole. So there are the blocks, and the single addresses that were carved out of them, for two reasons only:
 * - Somebody asked for one by name.
 * - Who has no free address left got a block of nobody, and an owner without a block that is free as a whole gives one address (donation.ts). But who has
 *   two such blocks gives one of them, and is asked before: while these are more than the other hosts, somebody has two, and nothing is carved out.
 *
 * What was carved out stays so for ever (R6), and no other rule keeps the pieces few: where hosts take turns in a network that is half in use
 * they become more, as far as there are addresses. That is the bound: each piece has one at least. None is lost by it.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { isExcluded } from '../../../src/ipam/core/geometry.ts'
import { coolDownMs } from '../../../src/ipam/core/ledger.ts'
import { Random } from '../../sim/random.ts'
import { Churn } from './churn.ts'
import type { ChurnHost } from './churn-mesh.ts'

const steps = 3000
const stepMs = 5000
/** Hosts at first, and at most: from time to time one joins, and then another leaves. */
const [first, most] = [5, 6]
const changeEvery = 250

/** Containers come and go; who wants how many of `wanted` in all is drawn anew every 100 steps. One of `names` is claimed now and then. */
function churn(seed: number, wanted: number, names: readonly number[], check: (mesh: Churn) => void): Churn {
  const random = new Random(seed)
  const mesh = new Churn(random, first, first + steps / changeEvery)
  let wants = new Map<ChurnHost, number>()
  for (let step = 0; step < steps; step++) {
    mesh.nowMs += stepMs
    if (step % 100 === 0) {
      const weights = mesh.hosts.map(() => random.next() ** 3)
      const sum = weights.reduce((a, b) => a + b)
      wants = new Map(mesh.hosts.map((host, i) => [host, Math.round((wanted * (weights[i] ?? 0)) / sum)]))
    }
    const host = random.pick(mesh.hosts) ?? assert.fail()
    const lacks = (wants.get(host) ?? 0) - mesh.held(host).length
    if (lacks > 0 && mesh.used < wanted) mesh.up(host)
    else if (lacks < 0 || random.chance(0.3)) mesh.down(host)
    const ip = random.pick(names)
    if (ip !== undefined && random.chance(0.05)) mesh.claim(host, ip)
    if (step % changeEvery === changeEvery - 1) {
      if (mesh.hosts.length < most) mesh.join()
      else mesh.leave(random.pick(mesh.hosts.slice(1)) ?? assert.fail())
    }
    check(mesh)
  }
  return mesh
}

function usable({ network }: Churn): number[] {
  const { first: from, last } = network.spec.subnet
  return Array.from({ length: last - from + 1 }, (_, i) => from + i).filter(ip => !isExcluded(network, ip))
}

/** How often blocks changed hands. */
function moves({ view, id }: Churn): number {
  return Array.from({ length: view.blockCount(id) }, (_, index) => view.transfers(id, index).length).reduce(
    (a, b) => a + b,
  )
}

describe('ipam: fragmentation under long churn', function () {
  this.timeout(60_000)

  for (const seed of [1, 2]) {
    it(`a network that is not used up has its blocks, and single addresses that were named (seed ${seed})`, () => {
      const { base } = new Churn(new Random(seed), first, most).network.spec.subnet
      const names = [base + 3, base + 4, base + 20, base + 33]
      // an address that cools down keeps its block from moving, too
      const atOnce = 32 - most - coolDownMs / stepMs
      const mesh = churn(seed, atOnce, names, each => {
        assert.equal(each.pieces().blocks, 32)
        assert.deepEqual(
          each.view.carved(each.id).filter(ip => !names.includes(ip)),
          [],
        )
      })
      assert.ok(mesh.pieces().singles > 0)
      assert.ok(moves(mesh) > 50, `${moves(mesh)} moves`)
    })

    it(`one that is used up again and again has no more pieces than addresses, and all can be used (seed ${seed})`, () => {
      const mesh = churn(seed, 62, [], each => {
        const { blocks, singles } = each.pieces()
        assert.ok(blocks + singles <= usable(each).length, `${blocks} blocks, ${singles} single addresses`)
      })
      assert.ok(mesh.pieces().singles > 0)
      for (const host of mesh.hosts) while (mesh.held(host).length > 0) mesh.down(host)
      mesh.nowMs += coolDownMs
      const last = mesh.hosts.at(-1) ?? assert.fail()
      while (mesh.up(last));
      assert.deepEqual(
        mesh.held(last).sort((a, b) => a - b),
        usable(mesh),
      )
    })
  }
})

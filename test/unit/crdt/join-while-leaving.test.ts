/**
 * Hosts that are let in while a removal is not decided, where the lists of those who speak for them rest on what that removal cuts off
 * (R4). If they were settled at once they would own what an heir owns who has forgotten them (docs/notes/0004-nothing-lost.md).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { type Host, Hosts } from './hosts.ts'

/**
 * 2 removes 3, which lets in 6 unseen, and 6 lets in 7. To 7 that is sure, as 1 lets in 6, too. 4 and 5 have 6 by 3's word only: they speak
 * for 7, and forget it when 3 is gone.
 *
 * @param isEager nobody puts off an acknowledgement: those of 4 and 5 are not asked for any more
 */
function chain(isEager: boolean): { hosts: Hosts; waitingFor: number[][] } {
  const hosts = new Hosts(7, 3)
  const at = (number: number) => hosts.at(number)
  const acknowledge = (host: Host) => {
    if (isEager) host.removals()
    host.admissions()
  }
  at(2).removes([3])
  at(1).hears(2)
  at(1).removals()
  at(3).letsIn(6)
  at(6).letsIn(7)
  for (const newcomer of [4, 5]) at(1).letsIn(newcomer)
  for (const [one, other] of [
    [4, 5],
    [5, 4],
  ] as const) {
    at(one).hears(1, [1])
    acknowledge(at(one))
    at(other).hears(one)
  }
  at(2).hears(1)
  at(2).admissions()
  for (const newcomer of [4, 5]) {
    for (const other of [3, 2, 6]) {
      at(newcomer).hears(other)
      acknowledge(at(newcomer))
    }
    at(1).hears(newcomer, [newcomer])
  }
  const waitingFor = [4, 5].map(number => at(number).waitingFor)

  at(1).letsIn(6)
  at(1).hears(6)
  at(1).admissions()
  for (const other of [6, 3, 2, 4, 5, 1]) {
    at(7).hears(other)
    acknowledge(at(7))
  }
  at(1).hears(7)
  at(1).gives(7)
  at(7).hears(1)
  at(1).isDown = true

  at(2).removals()
  for (const newcomer of [4, 5]) at(newcomer).hears(2)
  at(4).removes([1], 1)
  for (const other of [2, 5]) {
    at(other).hears(4)
    at(other).removals()
    at(4).hears(other)
  }
  at(4).removals()
  return { hosts, waitingFor }
}

describe('crdt: who joins while a removal is undecided (I1, R4)', () => {
  for (const isEager of [false, true]) {
    it(`waits where its voters would forget it${isEager ? ', and nobody puts off an acknowledgement' : ''}`, () => {
      const { hosts, waitingFor } = chain(isEager)
      hosts.oneOwner()
      assert.deepEqual(waitingFor, [
        [2, 3],
        [2, 3],
      ])
      hosts.comeToRest()
      assert.deepEqual(hosts.settled, [1, 2, 4, 5, 6, 7])
    })
  }
})

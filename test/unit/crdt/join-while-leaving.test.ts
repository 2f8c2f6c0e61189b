/**
 * Hosts that are let in while a removal is not decided, where the lists of those who speak for them rest on what that removal cuts off
 * (R4). If they were settled at once they would own what an heir owns who has forgotten them (docs/notes/0004-nothing-lost.md).
 */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Host } from './host.ts'
import { Hosts } from './hosts.ts'

interface Told {
  readonly hosts: Hosts
  /** Of each newcomer that would be settled while a removal is undecided, whom it waits for. */
  readonly waitingFor: readonly (readonly number[])[]
}

/**
 * 2 removes 3, which lets in 6 unseen, and 6 lets in 7. To 7 that is sure, as 1 lets in 6, too. 4 and 5 have 6 by 3's word only: they speak
 * for 7, and forget it when 3 is gone.
 *
 * @param isEager nobody puts off an acknowledgement: those of 4 and 5 are not asked for any more
 */
function chain(isEager: boolean): Told {
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
  hosts.gives(1, 7, [1])

  at(2).removals()
  for (const newcomer of [4, 5]) at(newcomer).hears(2)
  hosts.carriesOut(4, [1], [2, 5])
  return { hosts, waitingFor }
}

/**
 * 2 removes 3, which lets in 9 unseen, and 9 lets in 10. For 10 three settled hosts speak that stay with it, and 6, 7 and 8 while they are
 * pending, which have 9 by the word of 3 only. These forget both, and remove those who do not.
 */
function pendingVoters(): Told {
  const hosts = new Hosts(10, 5)
  const at = (number: number) => hosts.at(number)
  at(2).removes([3])
  for (const other of [1, 4, 5]) {
    at(other).hears(2)
    at(other).removals()
    at(2).hears(other)
  }
  at(3).letsIn(9)
  at(9).letsIn(10)
  for (const newcomer of [6, 7, 8]) {
    at(1).letsIn(newcomer)
    for (const other of [2, 4, 5]) {
      at(other).hears(1)
      at(other).admissions()
    }
    // 2 ends the removal later
    for (const other of [3, 9]) at(newcomer).hears(other)
    at(newcomer).admissions()
    for (const other of [4, 5, 2]) at(newcomer).hears(other)
    at(newcomer).admissions()
    for (const other of [1, 2, 4, 5]) at(other).hears(newcomer, [newcomer])
  }
  const waitingFor = [6, 7, 8].map(number => at(number).waitingFor)

  at(1).letsIn(9)
  for (const other of [4, 5, 1]) {
    at(other).hears(1)
    at(other).hears(9)
    at(other).admissions()
  }
  for (const other of [9, 3, 4, 5, 1, 2, 6, 7, 8]) {
    at(10).hears(other)
    at(10).admissions()
  }
  hosts.gives(1, 10, [1, 4, 5])

  at(2).removals()
  for (const newcomer of [6, 7, 8]) at(newcomer).hears(2)
  hosts.carriesOut(6, [1, 4, 5], [2, 7, 8])
  return { hosts, waitingFor }
}

describe('crdt: who joins while a removal is undecided (I1, R4)', () => {
  for (const isEager of [false, true]) {
    it(`waits where its voters would forget it${isEager ? ', and nobody puts off an acknowledgement' : ''}`, () => {
      const { hosts, waitingFor } = chain(isEager)
      hosts.oneOwner()
      const told = [
        [2, 3, 5, 6],
        [2, 3, 4, 6],
      ]
      const asked = [
        [2, 3],
        [2, 3],
      ]
      assert.deepEqual(waitingFor, isEager ? told : asked, 'with whom the removal waits for')
      hosts.comeToRest()
      assert.deepEqual(hosts.settled, [1, 2, 4, 5, 6, 7])
    })
  }

  it('waits where pending hosts speak for it that will forget it', () => {
    const { hosts, waitingFor } = pendingVoters()
    hosts.oneOwner()
    assert.deepEqual(waitingFor, [
      [2, 3],
      [2, 3, 6],
      [2, 3, 6, 7],
    ])
    hosts.comeToRest()
    assert.deepEqual(hosts.settled, [1, 2, 4, 5, 6, 7, 8, 9, 10])
  })
})

/** As join-while-leaving.test.ts, where the end of a removal comes late that a removal of its starter has made void (I1, R4, R9 f). */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { Hosts } from './hosts.ts'

interface Told {
  readonly hosts: Hosts
  /** Of each newcomer that would be settled while a removal is undecided, whom it waits for. */
  readonly waitingFor: readonly (readonly number[])[]
}

/**
 * 2 ends the removal of 3, unheard, and is removed by 1, so that it counts for nothing. 3, which stays, lets in 7. 6 has heard of the removals, of
 * neither end, and speaks for 7; then it hears the first end alone, forgets 3 and 7, and takes over from 1 by a list that names it.
 */
function lateEnd(): Told {
  const hosts = new Hosts(7, 5)
  const at = (number: number) => hosts.at(number)
  endUnheard(hosts, [1, 4, 5])
  for (const other of [3, 4, 5]) at(1).hears(other)
  // 1 ends its removal later
  at(1).letsIn(6)
  for (const other of [4, 5]) {
    at(other).hears(1)
    at(other).admissions()
    at(6).hears(other)
  }
  at(6).admissions()
  const waitingFor = [at(6).waitingFor]

  at(1).hears(6)
  at(1).removals()
  at(3).hears(1)
  at(3).letsIn(7)
  at(6).hears(3, [3])
  at(1).hears(3)
  for (const other of [6, 1]) {
    at(other).admissions()
    at(7).hears(other)
  }
  at(7).admissions()
  hosts.gives(1, 7, [1])

  at(6).hears(2, [2])
  hosts.carriesOut(6, [1, 2], [4, 5])
  return { hosts, waitingFor }
}

/** The same where everybody acknowledges at once: 8, 9 and 10 speak for 11 while they are pending, and hear the first end before they hear of 1's removal. */
function lateEndAtOnce(): Told {
  const hosts = new Hosts(11, 7)
  const at = (number: number) => hosts.at(number)
  endUnheard(hosts, [1, 4, 5, 6, 7])
  at(3).letsIn(11)
  for (const newcomer of [8, 9, 10]) {
    at(4).letsIn(newcomer)
    at(newcomer).hears(3, [3])
    at(newcomer).admissions()
  }
  for (const voter of [1, 5, 6, 7]) {
    at(voter).hears(4)
    at(voter).admissions()
  }
  for (const newcomer of [8, 9, 10]) {
    for (const other of [4, 2, 1, 5, 6, 7]) {
      at(newcomer).hears(other, [other])
      at(newcomer).removals()
      at(newcomer).admissions()
    }
  }
  const waitingFor = [8, 9, 10].map(number => at(number).waitingFor)

  for (const other of [3, 4, 5, 6, 7]) at(1).hears(other, [other])
  at(1).removals()
  for (const other of [3, 8, 9, 10]) at(1).hears(other, [other])
  for (const other of [1, 6, 7]) {
    at(other).hears(1)
    at(other).admissions()
    at(11).hears(other)
    at(11).admissions()
  }
  hosts.gives(1, 11, [1, 6, 7])
  hosts.carriesOut(8, [1, 2, 6, 7], [4, 5, 9, 10])
  return { hosts, waitingFor }
}

/** 2 removes 3, and ends that when these have acknowledged it; 1 removes 2, and 3 and they acknowledge that before they hear of the end. */
function endUnheard(hosts: Hosts, voters: readonly number[]): void {
  const at = (number: number) => hosts.at(number)
  at(2).removes([3])
  for (const voter of voters) {
    at(voter).hears(2)
    at(voter).removals()
    at(2).hears(voter)
  }
  at(2).removals()
  at(2).isDown = true
  at(1).removes([2], 1)
  for (const voter of [3, ...voters]) {
    at(voter).hears(1, [1])
    at(voter).removals()
  }
}

describe('crdt: who joins before the end of a removal that counts for nothing is heard (I1, R4)', () => {
  it('waits where who speaks for it may come to hear of that end alone', () => {
    const { hosts, waitingFor } = lateEnd()
    hosts.oneOwner()
    assert.deepEqual(waitingFor, [[1, 2, 3]])
    hosts.comeToRest()
    assert.deepEqual(hosts.settled, [1, 3, 4, 5, 6, 7])
  })

  it('waits where everybody acknowledges at once', () => {
    const { hosts, waitingFor } = lateEndAtOnce()
    hosts.oneOwner()
    assert.deepEqual(waitingFor, [
      [1, 2, 3, 9, 10, 11],
      [1, 2, 3, 8, 10, 11],
      [1, 2, 3, 8, 9, 11],
    ])
    hosts.comeToRest()
    assert.deepEqual(hosts.settled, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })
})

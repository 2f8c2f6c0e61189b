/** Told histories of joins, removals and copies that broke earlier designs (test/sim/told). */
import { describe, it } from 'mocha'
import { shippedParts } from './parts.ts'
import { cloneCutOffFromAll, cloneOnTheOtherSide, copyThatWritesTheSame, lastWeeksDirectory } from './told/copies.ts'
import { freedBeforeTheHeir, removedAndBack } from './told/heirs.ts'
import { letInByAnOldCopy, twoBeforeTheThird } from './told/put-back.ts'
import {
  eachOfTwo,
  joinedThroughTheDead,
  letInMeanwhile,
  lostHalf,
  removalFromBothSides,
  removedLetsIn,
} from './told/removals.ts'

describe('histories of members', function () {
  this.timeout(30_000)

  it('H9: the heir of a dead host and who joined through it unseen never own the same', () =>
    joinedThroughTheDead(shippedParts))

  it('H10: of two operators who remove each other’s side the one whose side has more of the settled succeeds', () =>
    removalFromBothSides(shippedParts))

  it('R9: who is let in by a host after its removal began acknowledges it, and all hear that', () =>
    removedLetsIn(shippedParts))

  it('R4: who is let in while a removal waits is settled once that is decided, whoever of the removed acknowledged it', () =>
    letInMeanwhile(shippedParts))

  it('H11: one of two hosts removes the other only when that is spelled out', () => eachOfTwo(shippedParts))

  it('R5: the heir of a removed host leaves the addresses alone that its containers have', () =>
    removedAndBack(shippedParts))

  it('R7: the heir of a removed host lets what this freed lately cool down, before its return and after', () =>
    freedBeforeTheHeir(shippedParts))

  it('H14: last week’s data directory, put back while cut off: fenced at its first contact, every address named', () =>
    lastWeeksDirectory(shippedParts))

  it('H15: a clone on the other side of a split: both are fenced, every address named', () =>
    cloneOnTheOtherSide(shippedParts))

  it('R8: a clone that was cut off from all, while its original stayed connected: the same', () =>
    cloneCutOffFromAll(shippedParts))

  it('R8: a copy that wrote the same as its original is told apart by what either writes next', () =>
    copyThatWritesTheSame(shippedParts))

  it('R8: hosts that are put back to before they let somebody in are told by this host, also where they know each other', () =>
    twoBeforeTheThird(shippedParts))

  it('I2: whom a founder lets in that is put back to before it knew anybody, and the others, get to know each other', () =>
    letInByAnOldCopy(shippedParts))

  it('R4, R9: where half of the members are lost, newcomers settle once an operator spells that out', () =>
    lostHalf(shippedParts))
})

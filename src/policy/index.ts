export { type Direction, type PolicyBook, readBook } from './book.ts'
export { type BookRule, compareBookRules } from './book-rule.ts'
export { type Books, createBooks } from './books.ts'
export { addCounted, type Counted, readCounters } from './counter-listing.ts'
export type { Placement } from './lists.ts'
export { counterName } from './lowering.ts'
export { type Marks, marksOf } from './marks.ts'
export {
  compileOutside,
  type Outlet,
  type OutletPlace,
  type OutsideRules,
} from './outside.ts'
export { outsideCounter, outsidePrefix } from './outside-rules.ts'
export { isJudgedIn, outsideState, outsideTable } from './outside-text.ts'
export { noAddress6, ownAddress } from './own-address.ts'
export { createMembers, type Elements, elementsOf, type Members, memberElements } from './placements.ts'
export { compile, type Domain, type Ruleset } from './ruleset.ts'
export { changeCommands, type TableState } from './table-change.ts'
export { type Listing, readListing, sameElements } from './table-listing.ts'
export { joinedElements, type Loaded, policyTable, tableState, withElements } from './table-text.ts'
export { type DecidingRule, type Flow, matches, type Party, type Verdict, verdict } from './verdict.ts'
export { type Answer, type Question, type WayAnswer, why } from './why/answer.ts'
export type { Change } from './why/change.ts'
export type { End, Named } from './why/ends.ts'
export type { HostFacts } from './why/way.ts'
export { routedDomain, zoneFor, zonesOf } from './zones.ts'

export { type Direction, type PolicyBook, readBook } from './book.ts'
export { type BookRule, compareBookRules } from './book-rule.ts'
export { type DecidingRule, type Flow, matches, type Party, type Verdict, verdict } from './verdict.ts'

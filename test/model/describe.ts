/** One action of a history, for readers: who received what, and what it wrote. */
import type { Book, Rec } from './records.ts'
import type { State } from './state.ts'

export function describe(from: State, to: State, book: Book): string {
  const writer = to.logs.findIndex((log, peer) => log !== from.logs[peer])
  const record = book.log(to.logs[writer] as number).at(-1) as Rec
  const before = from.held[writer] as readonly number[]
  const received = (to.held[writer] as readonly number[]).flatMap((held, peer) => {
    const had = before[peer] as number
    return peer === writer || held <= had ? [] : [`${peer}'s ${had + 1 === held ? held : `${had + 1}–${held}`}`]
  })
  const after = received.length ? `after receiving ${received.join(' and ')} ` : ''
  return `peer ${writer} ${after}writes its ${record.counter}: ${text(record, book)}`
}

/** A record by who wrote it and its counter. */
function name(id: number, book: Book): string {
  const r = book.record(id)
  return `${r.writer}'s ${r.counter}`
}

export function text(r: Rec, book: Book): string {
  const of = r.of < 0 ? 'the genesis' : name(r.of, book)
  const listed = `${r.list.length ? `, knowing ${r.list.map(id => name(id, book)).join(', ')}` : ''}`
  const counters = r.targets.map((target, i) => `${target} to ${r.counters[i] ?? '?'}`).join(', ')
  const cited = r.cited.length ? r.cited.map(id => name(id, book)).join(', ') : 'nobody else'
  switch (r.kind) {
    case 'give':
      return `give block ${r.block} to ${r.to} (after ${of})`
    case 'carve':
      return `carve address 1 of block ${r.block} out to ${r.to} (after ${of})`
    case 'pass':
      return `pass address 1 of block ${r.block} on to ${r.to} (after ${of})`
    case 'admit':
      return `admit ${r.to}${listed}`
    case 'admit-ack':
      return `acknowledge the admission ${of}${listed}`
    case 'settled':
      return `settled, by ${cited}`
    case 'remove':
      return `start the removal of ${r.targets.map((t, i) => `${t} (heir ${r.heirs[i]})`).join(' and ')}, assertion ${r.assertion}, holding ${counters}${listed}`
    case 'remove-ack':
      return `acknowledge the removal ${of}, holding ${counters}${listed}`
    case 'end':
      return r.effective ? `removal ${of} is effective by ${cited}, cut ${counters}` : `removal ${of} is cancelled`
    case 'host-down':
      return `assert that the target of ${of} is off`
  }
}

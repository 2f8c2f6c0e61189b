/** The present book of each tenant, for all who ask for it. */
import type { RegistryView } from '../crdt/registry-view.ts'
import { type PolicyBook, readBook } from './book.ts'

/** As `readBook`: the same book while it says the same. */
export type Books = (tenant: string) => PolicyBook

export function createBooks(view: RegistryView): Books {
  const last = new Map<string, PolicyBook>()
  return tenant => {
    const book = readBook(view, tenant, last.get(tenant))
    last.set(tenant, book)
    return book
  }
}

/** The last so many ids that were added: an older one is forgotten when a further one comes. */
export interface Latest {
  /** True if it was not there. */
  add(id: string): boolean
  has(id: string): boolean
  delete(id: string): void
}

export function createLatest(limit: number): Latest {
  const ids = new Set<string>()
  return {
    add(id) {
      if (ids.has(id)) return false
      ids.add(id)
      const [oldest] = ids
      if (ids.size > limit && oldest !== undefined) ids.delete(oldest)
      return true
    },
    has: id => ids.has(id),
    delete: id => void ids.delete(id),
  }
}

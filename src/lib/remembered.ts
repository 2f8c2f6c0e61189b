/** `make`, carried out once for each object: what is made stays as long as the object does. For values that never change. */
export function remembered<T extends object, R extends object>(make: (of: T) => R): (of: T) => R {
  const known = new WeakMap<T, R>()
  return of => {
    const found = known.get(of) ?? make(of)
    known.set(of, found)
    return found
  }
}

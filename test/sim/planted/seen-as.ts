/** A replica that shows something else than it holds. */
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import type { Replica } from '../../../src/replica/replica.ts'

/** The same object, but for these members. */
export function changed<T extends object>(target: T, changes: Partial<T>): T {
  const other: Partial<Record<string | symbol, unknown>> = { ...changes }
  return new Proxy(target, {
    get(_, property) {
      if (property in other) return other[property]
      const value = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** The replica with another view than it has, also where records are written by it. */
export function seenAs(replica: Replica, change: (view: RegistryView) => Partial<RegistryView>): Replica {
  const seen = (view: RegistryView) => changed(view, change(view))
  const write: Replica['write'] = build => replica.write((view, first) => build(seen(view), first))
  return Object.create(replica, { view: { value: seen(replica.view) }, write: { value: write } }) as Replica
}

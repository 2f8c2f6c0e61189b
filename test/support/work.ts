/** How much a function does, in steps that are the same on every machine, however busy: a figure that tests may assert. */

type Method = (this: unknown, ...args: never[]) => unknown

const iteratorOf = (iterable: Iterable<unknown>) => Object.getPrototypeOf(iterable[Symbol.iterator]()) as object

/** Each call is a step: of maps and sets, and of whatever goes through them or through arrays one by one. */
const single: readonly (readonly [prototype: object, ...names: string[]])[] = [
  [Map.prototype, 'get', 'set', 'has', 'delete'],
  [Set.prototype, 'add', 'has', 'delete'],
  [WeakMap.prototype, 'get', 'set'],
  [iteratorOf([]), 'next'],
  [iteratorOf(new Map()), 'next'],
  [iteratorOf(new Set()), 'next'],
]
/** A step for each item. */
const forEachItem = [
  'map',
  'filter',
  'flatMap',
  'forEach',
  'every',
  'some',
  'find',
  'findIndex',
  'join',
  'sort',
  'concat',
]

/** Steps that `task` takes: looking things up, keeping them, going through lists. What compares or copies a whole array at once is one step. */
export function stepsOf(task: () => void): number {
  let steps = 0
  const undo: (() => void)[] = []
  const watch = (prototype: object, name: string, cost: (of: unknown) => number) => {
    const held = prototype as Record<string, Method>
    const method = held[name] as Method
    held[name] = function (...args) {
      steps += cost(this)
      return method.apply(this, args)
    }
    undo.push(() => {
      held[name] = method
    })
  }
  try {
    for (const [prototype, ...names] of single) for (const name of names) watch(prototype, name, () => 1)
    for (const name of forEachItem) watch(Array.prototype, name, of => (of as readonly unknown[]).length)
    task()
  } finally {
    for (const each of undo) each()
  }
  return steps
}

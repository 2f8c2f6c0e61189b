/** Runs tasks one after the other: the kernel objects of one tenant, or the firewall, are changed by one task at a time. */
export interface Lane {
  run<T>(task: () => Promise<T>): Promise<T>
  /** Resolves once every task given so far has ended. */
  idle(): Promise<void>
}

export function createLane(): Lane {
  let tail: Promise<unknown> = Promise.resolve()
  return {
    run(task) {
      const result = tail.then(task)
      tail = result.catch(() => undefined) // the caller has the failure; the next task must run all the same
      return result
    },
    idle: () => tail.then(() => undefined),
  }
}

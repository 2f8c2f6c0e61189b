/** What the tests undo when they are interrupted: mocha stops on Ctrl-C without running hooks, and passes it on as SIGINT and SIGTERM both. */

const interrupt = new AbortController()

/** Aborted once the tests are interrupted. */
export const interrupted = interrupt.signal

const undoing = new Set<() => Promise<void>>()

/** Runs `undo` when the tests are interrupted; the answer takes that back. */
export function onInterrupt(undo: () => Promise<void>): () => void {
  undoing.add(undo)
  return () => void undoing.delete(undo)
}

/** Undoes all, once, whatever comes meanwhile, then ends by SIGTERM: mocha would report SIGINT as success. */
function leave(): void {
  if (interrupted.aborted) return
  interrupt.abort(new Error('the tests were interrupted'))
  Promise.allSettled([...undoing].map(undo => undo())).finally(() => {
    process.removeAllListeners('SIGTERM')
    process.kill(process.pid, 'SIGTERM')
  })
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, leave)

/** One busy history, again for every operation of a host's disk: before it, in it, and when it is done and nobody was told, the process is killed, or the power goes. */
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'mocha'
import { type CrashResult, type CrashTask, crashAt } from './crash.ts'
import type { Death } from './faults/fault.ts'
import { runFleet } from './fleet.ts'
import { instants } from './virtual-disk.ts'

function* upTo(operations: number, how: Death): Generator<CrashTask> {
  for (let operation = 1; operation <= operations; operation++) {
    for (const instant of instants) yield { operation, how, instant }
  }
}

describe('simulator: a crash at every operation of a disk', function () {
  this.timeout(600_000)

  for (const how of ['kill', 'power'] as const) {
    it(`keeps what was acknowledged: ${how}`, async () => {
      const { operations, rewrites } = await crashAt({ operation: 0, how, instant: 'during' })
      assert.ok(operations > 40, `${operations} operations are not busy`)
      assert.ok(rewrites >= 3, `the journal was rewritten ${rewrites} times`)
      let crashes = 0
      await runFleet<CrashTask, CrashResult>(upTo(operations, how), {
        worker: new URL('./crash-worker.ts', import.meta.url),
        jobs: availableParallelism(),
        onResult({ crashed }, { operation, instant }) {
          assert.ok(crashed, `no crash ${instant} operation ${operation}`)
          crashes++
          return true
        },
      })
      assert.equal(crashes, operations * instants.length)
      console.log(`        ${crashes} crashes, ${rewrites} rewrites`)
    })
  }
})

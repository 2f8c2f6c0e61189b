import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createTenantLeaves } from '../../src/crdt/acts.ts'
import { setStage } from './stage.ts'

describe('simulator: the pace of writing', () => {
  async function writeAll(pauseMs: number): Promise<void> {
    const stage = await setStage(1)
    for (let i = 0; i < 310; i++) {
      await stage.finish(stage.peer(1).replica.write(view => createTenantLeaves(view, `t${i}`)))
      await stage.pass(pauseMs)
    }
  }

  it('is broken by who writes without end, and by nobody who writes as much in more time', async () => {
    await writeAll(10)
    await assert.rejects(writeAll(0), /pace violated: host1 writes without end/)
  }).timeout(30_000)
})

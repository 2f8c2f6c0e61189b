import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { order } from '../../lab/lanes/order.ts'
import { chooseFiles, planJobs, unknownNames } from '../../lab/lanes/plan.ts'

const files = ['b/2.test.ts', 'a/1.test.ts', 'b/1.test.ts', 'new/1.test.ts', 'b/3.test.ts', 'c/1.test.ts']
const names = (jobs: readonly { name: string }[]) => jobs.map(({ name }) => name)

describe('lab: planning lanes', () => {
  it('makes a job per folder, longest first, and before them what the order does not know', () => {
    const { lanes, alone } = planJobs(files, { longest: ['c', 'b', 'a'], alone: [] })
    assert.deepEqual(names(lanes), ['new', 'c', 'b', 'a'])
    assert.deepEqual(lanes[2]?.files, ['b/1.test.ts', 'b/2.test.ts', 'b/3.test.ts'])
    assert.deepEqual(alone, [])
  })

  it('makes a job of its own of a file that the order names', () => {
    const { lanes, alone } = planJobs(files, { longest: ['b/2.test.ts', 'new', 'a', 'b'], alone: ['b/3.test.ts', 'c'] })
    assert.deepEqual(lanes, [
      { name: 'b/2.test.ts', files: ['b/2.test.ts'] },
      { name: 'new', files: ['new/1.test.ts'] },
      { name: 'a', files: ['a/1.test.ts'] },
      { name: 'b', files: ['b/1.test.ts'] },
    ])
    assert.deepEqual(names(alone), ['b/3.test.ts', 'c'])
  })

  it('runs every file once', () => {
    const { lanes, alone } = planJobs(files, { longest: ['a', 'b/1.test.ts'], alone: ['b'] })
    assert.deepEqual([...lanes, ...alone].flatMap(job => job.files).sort(), [...files].sort())
  })

  it('is told folders and files, as a shell completes them too', () => {
    assert.deepEqual(chooseFiles(files, []).chosen, files)
    assert.deepEqual(chooseFiles(files, ['a', 'test/lab/c/', './test/lab/b/1.test.ts']), {
      chosen: ['a/1.test.ts', 'b/1.test.ts', 'c/1.test.ts'],
      unknown: [],
    })
    assert.deepEqual(chooseFiles(files, ['a', 'b/1', 'ne']).unknown, ['b/1', 'ne'])
  })

  it('has an order whose names are all there, each once, and that knows every folder', () => {
    const folder = `${import.meta.dirname}/../../lab`
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.test.ts'))
    const named = [...order.longest, ...order.alone]
    assert.deepEqual(unknownNames(all, named), [])
    assert.equal(new Set(named).size, named.length)
    const { lanes, alone } = planJobs(all, order)
    assert.deepEqual(names([...lanes, ...alone]), named)
  })
})

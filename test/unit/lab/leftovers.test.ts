import assert from 'node:assert/strict'
import { leftLabs } from '../../lab/support/leftovers.ts'

describe('lab: what a killed run of the tests left', () => {
  const names = [
    'skein-lab',
    'skein-lab-vm',
    'skein-lab-testbc',
    'skein-lab-testbd',
    'skein-lab-testbd',
    'skein',
    'lock',
  ]

  it('is known by the pid in the name of its lab', () => {
    const asked: number[] = []
    assert.deepEqual(
      leftLabs(names, pid => asked.push(pid) > 0 && pid === 11 * 36 + 12),
      ['testbd'],
    )
    assert.deepEqual(asked, [11 * 36 + 12, 11 * 36 + 13])
  })

  it('is no lab that somebody named otherwise', () => {
    assert.deepEqual(
      leftLabs(['skein-lab', 'skein-lab-mine', 'skein-lab-testtoolong'], () => false),
      [],
    )
  })
})

import assert from 'node:assert/strict'
import { ownProcesses } from '../../../lab/sweep.ts'

const home = 'mnt:[1]'
const process = (pid: number, parent: number, mounts = home, marked = false) => ({ pid, parent, mounts, marked })
const own = (all: Parameters<typeof ownProcesses>[0], inGroups: number[] = []) =>
  [...ownProcesses(all, home, new Set(inGroups))].sort((a, b) => a - b)

describe('lab: sweep', () => {
  it('takes who bears the mark, and their descendants in any order', () => {
    const all = [process(30, 20, 'mnt:[9]'), process(20, 10, 'mnt:[8]'), process(10, 1, home, true), process(40, 1)]
    assert.deepEqual(own(all), [10, 20, 30])
  })

  it('takes who lives in the mount namespace of one of ours', () => {
    assert.deepEqual(
      own([process(10, 1, 'mnt:[2]', true), process(11, 1, 'mnt:[2]'), process(12, 1, 'mnt:[3]')]),
      [10, 11],
    )
  })

  it("never takes the machine's mount namespace for a reason", () => {
    assert.deepEqual(own([process(10, 1, home, true), process(11, 1)]), [10])
  })

  it('does not take kernel threads and the dead, whose namespace cannot be read, for a host', () => {
    assert.deepEqual(own([process(10, 1, '', true), process(2, 0, '')]), [10])
  })

  it('takes orphans by their control group', () => {
    assert.deepEqual(own([process(50, 1, 'mnt:[7]'), process(51, 50, 'mnt:[6]')], [50]), [50, 51])
  })
})

import assert from 'node:assert/strict'
import { parseMembers } from '../../../lab/members.ts'
import { statusTable } from '../../../lab/table.ts'

describe('lab: members', () => {
  it('reads the list of peers', () => {
    const text =
      '[{"name":"host1","key":"aa","self":true,"settled":true,"connected":false},{"name":"host2","settled":"yes"}]'
    assert.deepEqual(parseMembers(text), [
      { name: 'host1', self: true, settled: true, connected: false },
      { name: 'host2', self: false, settled: false, connected: false },
    ])
    assert.throws(() => parseMembers('{}'), /not a list/)
  })

  it('shows hosts as a table', () => {
    const row = {
      name: 'host1',
      address: '192.168.2.10',
      engine: '26.1.5',
      peer: 'running',
      members: '2 of 3',
    } as const
    const stopped = { ...row, name: 'host2', engine: '', peer: 'stopped', members: '' } as const
    assert.equal(
      statusTable([
        { ...row, cutFrom: ['host3', 'outside'] },
        { ...stopped, cutFrom: [] },
      ]),
      [
        'HOST   ADDRESS       ENGINE         PEER     MEMBERS  CUT FROM',
        'host1  192.168.2.10  26.1.5         running  2 of 3   host3 outside',
        'host2  192.168.2.10  not answering  stopped  -        -',
      ].join('\n'),
    )
  })
})

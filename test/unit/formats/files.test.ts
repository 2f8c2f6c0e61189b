import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { checkedFiles } from '../../../src/agent/checked-file.ts'
import { files } from './files.ts'
import { assertStays, golden } from './golden.ts'

// If one of these fails, this version cannot start from what an earlier one left on the disk, or an earlier one from what this
// one leaves. That needs another version of the file (docs/reference/wire.md), not new golden bytes.
describe('formats that stay: files', () => {
  const stored = golden('files')

  for (const [name, form] of Object.entries(files)) {
    it(`${name} is written as ever, and read`, () => assertStays(form, stored[name]))
  }

  it('there is none but these', () => {
    assert.deepEqual(Object.keys(stored), Object.keys(files))
    for (const name of checkedFiles) assert.ok(files[name], name)
  })
})

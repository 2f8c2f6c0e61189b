import assert from 'node:assert/strict'
import { parseArguments } from '../../../bench/lib/arguments.ts'

const known = ['attach', 'write', 'join']

describe('bench: arguments', () => {
  it('runs all, or those that are named, in their own order', () => {
    assert.deepEqual(parseArguments([], known), { names: known, json: undefined })
    assert.deepEqual(parseArguments(['join', 'attach', 'join'], known).names, ['attach', 'join'])
  })

  it('without names leaves out what runs by its name only', () => {
    assert.deepEqual(parseArguments([], known, ['attach', 'join']).names, ['attach', 'join'])
    assert.deepEqual(parseArguments(['write'], known, ['attach', 'join']).names, ['write'])
  })

  it('takes a file for JSON, before or after', () => {
    assert.deepEqual(parseArguments(['--json', 'a.json', 'write'], known), { names: ['write'], json: 'a.json' })
    assert.deepEqual(parseArguments(['write', '--json=a.json'], known), { names: ['write'], json: 'a.json' })
  })

  it('refuses what it does not know, saying what to type', () => {
    const usage = /npm run bench -- \[attach\|write\|join\]… \[--json FILE\]/
    assert.throws(() => parseArguments(['atach'], known), /no measurement 'atach'/)
    assert.throws(() => parseArguments(['--csv'], known), usage)
    assert.throws(() => parseArguments(['--json'], known), /--json needs a file/)
  })
})

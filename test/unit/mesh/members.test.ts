import assert from 'node:assert/strict'
import { pino } from 'pino'
import { newSeed, signerOf } from '../../../src/lib/keys.ts'
import { createMembers } from '../../../src/mesh/members.ts'

describe('members of the mesh', () => {
  const newKey = () => signerOf(newSeed()).key
  const membersOf = () => createMembers(newKey(), pino({ enabled: false }))
  const listed = (...keys: string[]) => keys.map(key => ({ key, addresses: [] }))

  it('whoever has proved that it knows this peer is taken for one, and not dialled', () => {
    const members = membersOf()
    const one = newKey()
    assert.equal(members.has(one), false)
    members.prove(one)
    assert.deepEqual([members.has(one), members.keys()], [true, []])
    members.set(listed(newKey()))
    assert.equal(members.has(one), true, 'a list without it says nothing of it')
  })

  it('once the list has named it, the list alone counts', () => {
    const members = membersOf()
    const one = newKey()
    members.prove(one)
    members.set(listed(one))
    members.set([])
    assert.equal(members.has(one), false)
  })

  it('who was removed proves nothing, before and after', () => {
    const members = membersOf()
    const [one, two] = [newKey(), newKey()]
    members.prove(one)
    members.setRemoved([one, two])
    members.prove(two)
    assert.deepEqual([members.has(one), members.has(two)], [false, false])
    assert.deepEqual([members.isRemoved(one), members.isRemoved(two)], [true, true])
  })

  it('the last four that did are taken for members, whatever they make up', () => {
    const members = membersOf()
    const keys = Array.from({ length: 9 }, newKey)
    for (const key of keys) members.prove(key)
    assert.deepEqual(
      keys.filter(key => members.has(key)),
      keys.slice(-4),
    )
    members.prove(keys.at(-1) ?? '')
    assert.equal(keys.filter(key => members.has(key)).length, 4, 'again by the same is one')
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createGroupLeaves } from '../../../src/crdt/object-acts.ts'
import { readBook } from '../../../src/policy/index.ts'
import { createScene } from './scene.ts'

describe('policy: book', () => {
  it('is the last book itself while nothing of the tenant’s policies changes, whatever else does', () => {
    const scene = createScene({ db: { policies: ['p'] } }, { p: { '1': { action: 'deny' } } })
    const book = readBook(scene.view, 'default')
    scene.write(() => [{ kind: 'tenant', name: 'blue' }])
    const db = scene.party('10.1.2.9', 'db')
    scene.write(() => [
      {
        ...{ kind: 'endpoint', id: 'ee'.repeat(32), network: db.network ?? '', ip: db.own, mac: '02:02:0a:01:02:09' },
        ...{ container: '', containerName: 'db1', aliases: [], group: scene.group('db') },
      },
    ])
    assert.equal(readBook(scene.view, 'default', book), book)
    assert.notEqual(readBook(scene.view, 'blue', book), book)
  })

  it('keeps the rules of a group while none of its policies changes', () => {
    const scene = createScene(
      { db: { policies: ['p'] }, app: { policies: ['q'] }, web: { policies: ['q'] } },
      { p: { '1': { action: 'deny' } }, q: { '1': { action: 'deny' } } },
    )
    const [db, app, web] = ['db', 'app', 'web'].map(scene.group) as [string, string, string]
    const before = readBook(scene.view, 'default')
    const [ofDb, ofApp] = [before.rulesFor(db, 'in'), before.rulesFor(app, 'in')]
    assert.equal(before.rulesFor(web, 'in'), ofApp)
    scene.addRule('q', '2', { action: 'allow' })
    const after = readBook(scene.view, 'default', before)
    assert.equal(after.rulesFor(db, 'in'), ofDb)
    assert.deepEqual(
      after.rulesFor(app, 'in').map(rule => rule.id),
      ['1', '2'],
    )
    assert.deepEqual(before.rulesFor(app, 'in'), ofApp, 'a book never changes')
    scene.write(view => {
      const network = view.networkByName('default', 'web')?.id ?? ''
      const act = { tenant: 'default', name: 'late', network, pool: '' }
      return createGroupLeaves(view.objects, act, { policies: ['p'], profile: '' })
    })
    const grown = readBook(scene.view, 'default', after)
    assert.equal(grown.rulesFor(scene.group('late'), 'in'), ofDb)
  })

  it('gives a group that takes off its policy no rules', () => {
    const scene = createScene({ db: { policies: ['p'] } }, { p: { '1': { action: 'deny' } } })
    const before = readBook(scene.view, 'default')
    assert.equal(before.rulesFor(scene.group('db'), 'in').length, 1)
    scene.setPolicies('db', [])
    assert.deepEqual(readBook(scene.view, 'default', before).rulesFor(scene.group('db'), 'in'), [])
  })
})

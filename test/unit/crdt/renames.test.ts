import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { createNetworkLeaves, removeNetworkLeaves, renameNetworkLeaves } from '../../../src/crdt/acts.ts'
import { maxCounted } from '../../../src/crdt/generations.ts'
import { decodeLeaf, encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { registryOf, World } from './writer.ts'

const specOf = (subnet: string) => checkNetwork({ tenant: 'default', name: 'x', subnet })
const act = (view: Registry, subnet = '10.1.2.0/24', name = 'web') =>
  createNetworkLeaves(view, { tenant: 'default', name, spec: specOf(subnet) })
const names = (view: Registry) => view.networks().map(network => network.name)
const idOf = (view: Registry, name: string) => view.networkByName('default', name)?.id ?? ''

function split() {
  const world = new World(3).settleAll()
  return { world, base: world.all }
}

describe('crdt: renames (H2)', () => {
  it('keeps the network and its id, and frees the name for another', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const id = idOf(world.all, 'web')
    world.at(2).write(renameNetworkLeaves(world.all, id, 'old'))
    assert.equal(idOf(world.all, 'old'), id)
    world.at(1).write(act(world.all))
    const again = world.all.networkByName('default', 'web')
    assert.equal(again?.generation, 1)
    assert.notEqual(again?.id, id)
    assert.deepEqual(names(world.all), ['old', 'web'])
    assert.deepEqual(renameNetworkLeaves(world.all, id, 'old'), [])
  })

  it('raises the generation by itself, before the creation arrives', () => {
    const { world, base } = split()
    const members = world.batches
    world.at(1).write(act(base))
    world.at(2).write(renameNetworkLeaves(world.all, idOf(world.all, 'web'), 'old'))
    const early = registryOf(world.meshId, [...members, ...world.at(2).batches])
    assert.deepEqual(names(early), [])
    assert.equal(early.nextGeneration('default', 'web'), 1)
    world.at(3).write(act(early))
    assert.deepEqual(names(world.all), ['old', 'web'])
  })

  it('lets the last by HLC win, whatever arrives first', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const seen = world.all
    world.at(2).write(renameNetworkLeaves(seen, idOf(seen, 'web'), 'left'), [9000, 1])
    world.at(3).write(renameNetworkLeaves(seen, idOf(seen, 'web'), 'right'), [9000, 0])
    assert.deepEqual(names(world.all), ['left'])
    assert.equal(registryOf(world.meshId, [...world.batches].reverse()).digest(), world.all.digest())
  })

  it('leaves a name with who got it first, by a creation or a rename, and offers to the other what works', () => {
    const { world, base } = split()
    world.at(1).write(act(base, '10.1.0.0/24', 'db'), [2000, 0])
    const seen = world.all
    world.at(1).write(renameNetworkLeaves(seen, idOf(seen, 'db'), 'web'), [3000, 0])
    world.at(2).write(act(base, '10.2.0.0/24', 'web'), [2500, 0])
    const view = world.all
    const later = view.networks().find(network => network.bornName === 'db')
    assert.equal(view.networkByName('default', 'web')?.spec.subnet.text, '10.2.0.0/24')
    assert.equal(later?.name, `web~${later?.id.slice(0, 6)}`)
    const [condition] = view.conditions()
    assert.equal(condition?.kind, 'name-conflict')
    assert.deepEqual(condition?.since, [3000, 0])
    assert.deepEqual(condition?.commands, [
      `skein net rename web~${later?.id.slice(0, 6)} web-${later?.id.slice(0, 6)}`,
      `skein net drain web~${later?.id.slice(0, 6)} --into web`,
    ])
  })

  it('takes no notice of a rename that lies about the birth, but for the generation', () => {
    const { world, base } = split()
    world.at(1).write(act(base))
    const id = idOf(world.all, 'web')
    world.at(2).write([{ kind: 'network-rename', id, tenant: 'default', name: 'db', generation: 4, newName: 'x' }])
    assert.deepEqual(names(world.all), ['web'])
    assert.equal(world.all.nextGeneration('default', 'web'), 0)
    assert.equal(world.all.nextGeneration('default', 'db'), 5)
  })
})

describe('crdt: generations that a member made up', () => {
  it('do not use a name up: what follows is created, deleted and created again, each time another network', () => {
    for (const generation of [2 ** 32 - 1, maxCounted - 1, maxCounted, Number.MAX_SAFE_INTEGER]) {
      const { world } = split()
      const rm = { kind: 'network-rm' as const, id: 'ab'.repeat(32), tenant: 'default', name: 'web', seen: [] }
      world.at(3).write([{ ...rm, generation }])
      const ids = new Set<string>()
      for (let round = 0; round < 4; round++) {
        const leaves = act(world.all)
        for (const leaf of leaves) assert.ok(decodeLeaf(encodeLeaf(leaf)), 'can be read')
        world.at(1).write(leaves)
        const id = idOf(world.all, 'web')
        assert.ok(id && !ids.has(id), `round ${round} after ${generation}`)
        ids.add(id)
        world.at(2).write(removeNetworkLeaves(world.all, id))
        assert.equal(world.all.network(id), undefined)
      }
    }
  })

  it('make the same network of what is created with the same knowledge', () => {
    const { world } = split()
    const rm = { kind: 'network-rm' as const, id: 'ab'.repeat(32), tenant: 'default', name: 'web', seen: [] }
    world.at(3).write([{ ...rm, generation: Number.MAX_SAFE_INTEGER }])
    const seen = world.all
    world.at(1).write(act(seen))
    world.at(2).write(act(seen))
    assert.equal(world.all.networks().length, 1)
  })
})

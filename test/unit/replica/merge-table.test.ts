import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import {
  createTenantLeaves,
  drainNetworkLeaves,
  removeNetworkLeaves,
  removeTenantLeaves,
  renameNetworkLeaves,
} from '../../../src/crdt/acts.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { type Build, createNetwork, endpoint, MergeRig, web } from './merge-rig.ts'

const createWeb = createNetwork('web', '10.1.2.0/24')
const removeWeb: Build = view => removeNetworkLeaves(view, web(view).id)
const nothingLeft: Build = view => {
  assert.deepEqual(view.networks(), [])
  return []
}
const blue: Build = view => createTenantLeaves(view, 'blue')
const removeBlue: Build = view => removeTenantLeaves(view, 'blue')

/** design.md, Merge and delete, by kind: deleted on one side of a split while the other goes on. */
describe('replica: deleted in a split: tenants, networks, endpoints, VTEPs, blocks', () => {
  let rig: MergeRig
  let born = ''
  const note: Build = view => {
    born = web(view).id
    return []
  }
  beforeEach(async () => {
    rig = await new MergeRig().start()
  })
  afterEach(() => rig.stop())

  it('a tenant that got a network is kept, and says for what; with the network it goes', async () => {
    await rig.play([blue], [removeBlue], [createNetwork('web', '10.1.2.0/24', 'blue')])
    assert.deepEqual(rig.view.tenants(), ['default', 'blue'])
    assert.match(rig.view.conditions()[0]?.text ?? '', /^tenant blue was deleted .*: web$/)
    await rig.further(2, view => removeNetworkLeaves(view, web(view, 'web', 'blue').id))
    assert.deepEqual([rig.view.tenants(), rig.kinds()], [['default'], []])
  })

  it('a tenant that was created anew meanwhile lives', async () => {
    await rig.play([blue], [removeBlue], [removeBlue, blue])
    assert.deepEqual([rig.view.tenants(), rig.kinds()], [['default', 'blue'], []])
  })

  it('a network is gone at once where it is deleted, waits for the endpoint elsewhere, and says so', async () => {
    await rig.play([createWeb], [removeWeb, nothingLeft], [endpoint('web')])
    assert.equal(web(rig.view).status, 'draining')
    assert.equal(rig.view.networkByName('default', 'web'), undefined)
    assert.match(
      rig.view.conditions()[0]?.text ?? '',
      /^default\/web was deleted while in use and waits for db1 on host3$/,
    )
    await rig.further(3, view => [{ kind: 'endpoint-rm', id: 'e1', network: web(view).id }])
    assert.deepEqual([rig.view.networks(), rig.kinds()], [[], []])
  })

  it('edits do not revive it: a rename, a drain', async () => {
    const rename: Build = view => renameNetworkLeaves(view, web(view).id, 'shop')
    const drain: Build = view => drainNetworkLeaves(view, web(view, 'shop').id, web(view, 'other').id)
    await rig.play([createWeb, createNetwork('other', '10.9.0.0/24')], [removeWeb], [rename, drain])
    assert.deepEqual(
      rig.view.networks().map(network => network.name),
      ['other'],
    )
    assert.deepEqual(rig.kinds(), [])
  })

  it('a creation that the deletion had not seen does', async () => {
    await rig.play([], [createWeb, removeWeb], [createWeb])
    assert.deepEqual([web(rig.view).status, web(rig.view).generation, rig.kinds()], ['live', 0, []])
  })

  it('created anew it is another network, beside the one that drains', async () => {
    await rig.play([createWeb, note], [removeWeb, createWeb], [endpoint('web')])
    const [live, old] = [web(rig.view), rig.view.network(born)]
    assert.notEqual(live.id, born)
    assert.deepEqual([live.status, live.generation, old?.status], ['live', 1, 'draining'])
    assert.match(old?.name ?? '', /^web~[0-9a-f]{6}$/)
    assert.deepEqual(rig.kinds(), ['draining'])
    await rig.further(3, () => [{ kind: 'endpoint-rm', id: 'e1', network: born }])
    assert.deepEqual([rig.view.networks().map(network => network.id), rig.kinds()], [[live.id], []])
  })

  it('deleted and created anew on both sides with the same knowledge, it is one', async () => {
    await rig.play([createWeb], [removeWeb, createWeb], [removeWeb, createWeb])
    assert.deepEqual(
      rig.view.networks().map(network => [network.name, network.generation]),
      [['web', 1]],
    )
    assert.deepEqual(rig.kinds(), [])
  })

  it('an endpoint is its writer’s: moved away meanwhile it keeps nothing, and nobody else ends it', async () => {
    const others = createNetwork('other', '10.9.0.0/24')
    const remove: Build = view => [{ kind: 'endpoint-rm', id: 'e1', network: web(view).id }]
    await rig.play([createWeb, others], [remove, removeWeb], [endpoint('web'), endpoint('other', { ip: 0x0a090005 })])
    assert.deepEqual(
      rig.view.networks().map(network => network.name),
      ['other'],
    )
    assert.deepEqual(
      rig.view.endpoints(web(rig.view, 'other').id).map(each => each.ip),
      [0x0a090005],
    )
    assert.deepEqual(rig.kinds(), [])
  })

  it('a VTEP is its writer’s latest, and does not keep a network', async () => {
    const vtep =
      (vni: number): Build =>
      view => [{ kind: 'vtep', network: web(view).id, address: '10.0.0.3', vni }]
    await rig.play([createWeb, note], [vtep(8), removeWeb], [vtep(7), vtep(9)])
    assert.deepEqual([rig.view.networks(), rig.kinds()], [[], []])
    assert.deepEqual(
      rig.view
        .vteps(born)
        .map(each => each.vni)
        .sort(),
      [8, 9],
    )
  })

  it('a block that moved meanwhile keeps its register while the network drains; a new network has blocks of its own', async () => {
    const own: Build = (view, peer) => {
      const { id } = web(view)
      const index = Array.from({ length: view.blockCount(id) }, (_, i) => i).find(
        i => view.block(id, i)?.owner === peer.signer.key,
      )
      moved = index ?? -1
      return [transferLeaf(view, peer.signer, id, moved, rig.at(2).signer.key)]
    }
    let moved = -1
    await rig.play([createWeb, note], [removeWeb, createWeb], [own, endpoint('web')])
    assert.deepEqual(
      [rig.view.block(born, moved)?.owner, rig.view.block(born, moved)?.epoch],
      [rig.at(2).signer.key, 1],
    )
    assert.equal(rig.view.block(web(rig.view).id, moved)?.epoch, 0)
    assert.deepEqual(rig.kinds(), ['draining'])
  })
})

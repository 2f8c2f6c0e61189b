/** That what a hostile member wrote is held by all, and changes nothing that anybody reads. */
import assert from 'node:assert/strict'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { eventually } from '../../support/eventually.ts'
import type { HostileMesh } from '../../support/hostile-member.ts'
import { viewJson } from '../crdt/view-json.ts'

/** All that the view says but who wrote how much, and of which blocks there is a record, in effect or not. */
function effectOf(view: RegistryView, ids: readonly string[]): string[] {
  const { size: _, lastWrites: __, conditions: ___, networks, ...effect } = JSON.parse(viewJson(view, ids))
  return JSON.stringify([effect, networks], (name, value) => (name === 'touched' ? [] : value)).split('},')
}

/**
 * @param ids networks to look at
 * @param shown what the condition says that tells of forged records; 'nothing' if there is to be none
 */
export async function withoutEffect(
  mesh: HostileMesh,
  leaves: () => (Leaf | Uint8Array)[],
  ids: string[] = [],
  shown?: RegExp | 'nothing',
) {
  const others = (view: RegistryView) => view.conditions().filter(({ kind }) => kind !== 'forged-records')
  const [before] = mesh.honest.map(({ replica: { view } }) => [effectOf(view, ids), others(view)])
  mesh.say([mesh.hand.make(leaves())])
  await eventually(() => {
    for (const { replica } of mesh.honest) assert.deepEqual(replica.vector().get(mesh.hand.key), [mesh.hand.head])
  })
  await mesh.agree()
  for (const { replica } of mesh.honest) {
    assert.deepEqual([effectOf(replica.view, ids), others(replica.view)], before)
    const forged = replica.view.conditions().find(({ kind }) => kind === 'forged-records')
    if (shown === 'nothing') assert.equal(forged, undefined)
    else if (shown) assert.match(forged?.text ?? '', shown)
  }
}

import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { type Batch, makeBatch, noBatch } from '../../../src/crdt/batch.ts'
import { encodeLeaf } from '../../../src/crdt/leaf-codec.ts'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { Registry } from '../../../src/crdt/registry.ts'
import { signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { macOf } from '../../../src/model/ip.ts'

const meshId = '00'.repeat(16)
const network = 'ab'.repeat(32)
const signer = signerOf(new Uint8Array(32).fill(7))
const writer = signer.key

function follow(before: Batch | undefined, ...leaves: Leaf[]): Batch {
  const first = (before?.last ?? 0) + 1
  const previous = before?.hash ?? noBatch
  return makeBatch(signer, { meshId, first, previous, hlc: [first, 0], leaves: leaves.map(encodeLeaf) })
}

const vtep = (address: string, vni = 700): Leaf => ({ kind: 'vtep', network, address, vni })
const endpoint = (id: string, ip: number): Leaf => {
  return { kind: 'endpoint', id, network, ip, mac: macOf(ip), container: '', containerName: '' }
}
const tenant = (name: string): Leaf => ({ kind: 'tenant', name })

/** Endpoints by id, with where they are; and VTEPs. */
function seen(batches: readonly Batch[], isForked = true) {
  const registry = new Registry(meshId, verifySignature)
  for (const batch of batches) registry.apply(batch)
  if (isForked) registry.noteFork(writer, [2, 0])
  const places = registry.endpoints(network).map(({ id, at }) => [id, at] as const)
  return { places: Object.fromEntries(places), vteps: registry.vteps(network).map(({ address }) => address) }
}

describe('crdt: where the endpoints of a forked writer are (R8)', () => {
  const root = follow(undefined, vtep('10.0.0.1'), endpoint('before', 1))
  const original = follow(root, endpoint('original', 2))
  // it says where it is later than the original did: of the records this one counts
  const moved = follow(root, vtep('10.0.0.2'), tenant('x'))
  const copied = follow(moved, endpoint('copied', 3))
  const all = [root, original, moved, copied]
  const expected = {
    places: { before: '10.0.0.1', original: '10.0.0.1', copied: '10.0.0.2' },
    vteps: ['10.0.0.1', '10.0.0.2'],
  }

  it('is the address that the history of their record ends with, or their machine’s from before the parting', () => {
    assert.deepEqual(seen(all), expected)
  })

  it('does not depend on the order in which the records arrive', () => {
    for (const batches of [[...all].reverse(), [copied, root, original, moved], [...all, ...all]]) {
      assert.deepEqual(seen(batches), expected)
    }
  })

  it('follows records that arrive after the fork was seen', () => {
    const registry = new Registry(meshId, verifySignature)
    for (const batch of [root, original, moved]) registry.apply(batch)
    registry.noteFork(writer, [2, 0])
    const at = (id: string) => registry.endpoints(network).find(each => each.id === id)?.at
    assert.deepEqual([at('before'), at('copied')], ['10.0.0.1', undefined])
    assert.deepEqual([...registry.eachEndpoint(network)], registry.endpoints(network))
    const version = registry.endpointsVersion(network)
    registry.apply(copied)
    assert.equal(at('copied'), '10.0.0.2')
    assert.notEqual(registry.endpointsVersion(network), version)
    registry.apply(follow(copied, vtep('10.0.0.3')))
    assert.equal(at('copied'), '10.0.0.3')
  })

  it('is not said of a writer with one history, or once one is left', () => {
    const plain = [root, moved, copied]
    assert.deepEqual(seen(plain, false).places, { before: undefined, copied: undefined })
    assert.deepEqual(seen(plain, false).vteps, ['10.0.0.2'])
    const registry = new Registry(meshId, verifySignature)
    for (const batch of all) registry.apply(batch)
    registry.noteFork(writer, [2, 0])
    const version = registry.vtepsVersion(network)
    registry.noteFork(writer, undefined)
    assert.notEqual(registry.vtepsVersion(network), version)
    assert.deepEqual(
      registry.vteps(network).map(({ address }) => address),
      ['10.0.0.2'],
    )
  })
})

describe('crdt: ends of a forked writer’s endpoints (R8)', () => {
  const gone = (id: string): Leaf => ({ kind: 'endpoint-rm', id, network })
  const root = follow(undefined, vtep('10.0.0.1'), endpoint('before', 1))
  const original = follow(root, endpoint('original', 2))
  /** The copy's Docker has no container of the original's. */
  const copied = follow(follow(root, vtep('10.0.0.2'), tenant('x')), endpoint('copied', 3), gone('before'))
  const moved = follow(root, vtep('10.0.0.2'), tenant('x'))
  const all = [root, original, moved, copied]

  it('count by the machine that has the container, not by another', () => {
    assert.deepEqual(seen(all).places, { before: '10.0.0.1', original: '10.0.0.1', copied: '10.0.0.2' })
    const own = follow(original, gone('before'), gone('original'))
    assert.deepEqual(seen([...all, own]).places, { copied: '10.0.0.2' })
    assert.deepEqual(seen([...all, follow(copied, gone('copied'))]).places, {
      before: '10.0.0.1',
      original: '10.0.0.1',
    })
  })

  it('count at once of a copy that is on the same machine, as after a rollback', () => {
    const later = follow(root, tenant('x'), gone('before'))
    assert.deepEqual(seen([root, original, later]).places, { original: '10.0.0.1' })
  })

  it('count of a writer with one history, and again once one is left', () => {
    assert.deepEqual(seen([root, moved, copied], false).places, { copied: undefined })
    const registry = new Registry(meshId, verifySignature)
    for (const batch of all) registry.apply(batch)
    registry.noteFork(writer, [2, 0])
    const version = registry.endpointsVersion(network)
    registry.noteFork(writer, undefined)
    assert.deepEqual(
      registry.endpoints(network).map(({ id }) => id),
      ['original', 'copied'],
    )
    assert.notEqual(registry.endpointsVersion(network), version)
  })

  it('do not depend on the order of arrival; whoever asks is told the same', () => {
    for (const batches of [[...all].reverse(), [copied, root, original, moved], [...all, ...all]]) {
      assert.deepEqual(seen(batches).places, { before: '10.0.0.1', original: '10.0.0.1', copied: '10.0.0.2' })
    }
    const registry = new Registry(meshId, verifySignature)
    for (const batch of all) registry.apply(batch)
    registry.noteFork(writer, [2, 0])
    const ids = (endpoints: readonly { id: string }[]) => endpoints.map(({ id }) => id)
    assert.deepEqual(ids(registry.endpoints(network)), ['before', 'original', 'copied'])
    assert.deepEqual(ids(registry.endpointsAt(network, 1)), ['before'])
    assert.deepEqual(ids(registry.holders(network, 1)), ['before'])
    assert.deepEqual(ids(registry.endpointsOf(writer)), ['before', 'original', 'copied'])
    assert.equal(registry.endpoint(writer, 'before')?.ip, 1)
  })

  it('are not undone where a later record of the endpoint counts', () => {
    const named: Leaf = { ...(endpoint('before', 1) as Leaf & { kind: 'endpoint' }), containerName: 'db' }
    const renamed = follow(follow(original, tenant('y'), tenant('z')), named)
    const registry = new Registry(meshId, verifySignature)
    for (const batch of [...all, follow(original, tenant('y'), tenant('z')), renamed]) registry.apply(batch)
    registry.noteFork(writer, [2, 0])
    assert.deepEqual(
      registry.endpoints(network).map(({ id, containerName }) => [id, containerName]),
      [
        ['before', 'db'],
        ['original', ''],
        ['copied', ''],
      ],
    )
  })
})

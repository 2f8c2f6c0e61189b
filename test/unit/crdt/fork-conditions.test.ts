/** R8: what is said of a writer with two histories. */
import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Leaf } from '../../../src/crdt/leaves.ts'
import { Scene } from './removal-scene.ts'

describe('crdt: what is said of a writer with two histories (R8)', () => {
  const endpoint = (id: string, network: string, ip: number): Leaf => {
    return { kind: 'endpoint', id, network, ip, mac: '02:02:0a:01:02:03', container: id, containerName: id }
  }

  it('names each address that it handed out, also in a network whose creation went with the other of them', () => {
    const scene = new Scene(3)
    const gone = 'ab'.repeat(32)
    scene.at(2).write([endpoint('app', scene.id, 0x0a010203), endpoint('db', gone, 0x0a030104)])
    scene.at(3).write([endpoint('other', gone, 0x0a030105)])
    const { all } = scene
    all.noteFork(scene.at(2).key, [1000, 0])
    const [condition] = all.conditions().filter(({ kind }) => kind === 'writer-forked')
    assert.match(
      condition?.text ?? '',
      /addresses that it handed out: 10\.1\.2\.3 \(app\) in default\/web, 10\.3\.1\.4 \(db\) in network abababababab, which is gone$/,
    )
  })

  it('names what a successor took over from it, also in such a network, and not what that handed out itself', () => {
    const scene = new Scene(4, 3)
    const gone = 'ab'.repeat(32)
    scene.at(2).write([endpoint('app', scene.id, 0x0a010203), endpoint('db', gone, 0x0a030104)])
    const succession = scene.succeed(1, 2, 4)
    scene.settle(4, succession, [scene.ack(3, succession)])
    scene.at(4).write([endpoint('new', scene.id, 0x0a010204), endpoint('newer', gone, 0x0a030105)])
    const { all } = scene
    assert.deepEqual(
      all.endpoints(scene.id).map(({ owner }) => owner),
      [scene.at(4).key, scene.at(4).key],
    )
    all.noteFork(scene.at(2).key, [1000, 0])
    const [condition] = all.conditions().filter(({ kind }) => kind === 'writer-forked')
    assert.match(
      condition?.text ?? '',
      /addresses that it handed out: 10\.1\.2\.3 \(app\) in default\/web, 10\.3\.1\.4 \(db\) in network abababababab, which is gone$/,
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { openBatch } from '../../../src/crdt/batch.ts'
import { list } from '../../../src/crdt/plain.ts'
import { decode } from '../../../src/lib/cbor.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { foundRig, openRig, tenant } from './rig.ts'

const batchesIn = (bytes: Uint8Array) =>
  (list(decode(bytes, 1 << 20), 4096, item => (item instanceof Uint8Array ? item : undefined)) ?? []).map(openBatch)

/** Holds syncs back until `open` is called. */
function gate() {
  let open: () => void = () => undefined
  let shut: Promise<void> | undefined
  return {
    beforeSync: () => shut ?? Promise.resolve(),
    close() {
      shut = new Promise(resolve => {
        open = resolve
      })
    },
    open() {
      shut = undefined
      open()
    },
  }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.finally(() => {
    settled = true
  })
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
  return !settled
}

describe('replica: writes', () => {
  it('keeps every acknowledged write through power loss, and continues its chain', async () => {
    const disk = createMemoryDisk()
    const { replica } = await foundRig(disk)
    for (const name of ['a', 'b', 'c']) await replica.write(() => [tenant(name)])
    disk.crash()
    const again = await openRig(disk)
    assert.deepEqual(again.replica.view.tenants(), ['default', 'a', 'b', 'c'])
    assert.equal(again.replica.view.digest(), replica.view.digest())
    const dot = await again.replica.write(() => [tenant('d')])
    assert.deepEqual(dot, { writer: again.signer.key, counter: 5 })
    const [batch] = batchesIn(again.transport.sent[0] as Uint8Array)
    const last = await openRig(disk)
    assert.equal(last.replica.view.digest(), again.replica.view.digest())
    assert.equal(batch?.first, 5)
    assert.notEqual(batch?.previous, '0'.repeat(64))
  })

  it('shows nobody a write before it is durable (R2, R7)', async () => {
    const door = gate()
    const { replica, transport } = await foundRig(createMemoryDisk({ beforeSync: door.beforeSync }))
    const sent = transport.sent.length
    door.close()
    const write = replica.write(() => [tenant('a')])
    assert.ok(await isPending(write))
    assert.equal(transport.sent.length, sent)
    door.open()
    await write
  })

  it('does not say that nothing is to be written before that rests on durable records (R7)', async () => {
    const door = gate()
    const { replica } = await foundRig(createMemoryDisk({ beforeSync: door.beforeSync }))
    door.close()
    const first = replica.write(() => [tenant('a')])
    const second = replica.write(view => (view.hasTenant('a') ? [] : [tenant('a')]))
    assert.ok(await isPending(second))
    door.open()
    await first
    assert.equal(await second, undefined)
  })

  it('decides each write on the view with the ones before it', async () => {
    const { replica } = await foundRig(createMemoryDisk())
    const seen: number[] = []
    await Promise.all(
      ['a', 'b', 'c'].map(name =>
        replica.write(view => {
          seen.push(view.tenants().length)
          return [tenant(name)]
        }),
      ),
    )
    assert.deepEqual(seen, [1, 2, 3])
  })

  it('refuses for good after the journal failed, and sends nothing', async () => {
    let broken = false
    const disk = createMemoryDisk({
      beforeSync: async () => {
        if (broken) throw new Error('I/O error')
      },
    })
    const { replica, transport } = await foundRig(disk)
    await replica.write(() => [tenant('a')])
    const sent = transport.sent.length
    broken = true
    await assert.rejects(
      replica.write(() => [tenant('b')]),
      /journal.*I\/O error.*restart skeind/,
    )
    broken = false
    await assert.rejects(
      replica.write(() => [tenant('c')]),
      /restart skeind/,
    )
    await assert.rejects(replica.local.set([['x', '1']]), /restart skeind/)
    assert.equal(transport.sent.length, sent)
    disk.crash()
    assert.deepEqual((await openRig(disk)).replica.view.tenants(), ['default', 'a'])
  })

  it('changes nothing when the write is refused or holds what no peer can read', async () => {
    const disk = createMemoryDisk()
    const { replica } = await foundRig(disk)
    const digest = replica.view.digest()
    await assert.rejects(
      replica.write(() => {
        throw new Error('no')
      }),
      /^Error: no$/,
    )
    await assert.rejects(
      replica.write(() => Array.from({ length: 1025 }, (_, i) => tenant(`t${i}`))),
      /too large/,
    )
    const endpoint = { kind: 'endpoint' as const, network: 'ab'.repeat(32), ip: 1, mac: '02:02:00:00:00:01' }
    await assert.rejects(
      replica.write(() => [{ ...endpoint, id: 'e', container: 'c', containerName: 'n'.repeat(254) }]),
      /cannot be read/,
    )
    assert.equal(replica.view.digest(), digest)
    await replica.write(() => [tenant('a')])
    assert.equal((await openRig(disk)).replica.view.digest(), replica.view.digest())
  })

  it('goes on when a listener throws', async () => {
    const disk = createMemoryDisk()
    const { replica } = await foundRig(disk)
    const stop = replica.onChange(() => {
      throw new Error('listener')
    })
    await replica.write(() => [tenant('a')])
    stop()
    await replica.write(() => [tenant('b')])
    assert.deepEqual((await openRig(disk)).replica.view.tenants(), ['default', 'a', 'b'])
  })

  it('journals in the order of its chain also when a listener writes', async () => {
    const disk = createMemoryDisk()
    const { replica } = await foundRig(disk)
    let second: Promise<unknown> | undefined
    const stop = replica.onChange(() => {
      stop()
      second = replica.write(() => [tenant('b')])
    })
    await replica.write(() => [tenant('a')])
    await second
    disk.crash()
    const again = await openRig(disk)
    assert.deepEqual(again.replica.view.tenants(), ['default', 'a', 'b'])
    assert.deepEqual(await again.replica.write(() => [tenant('c')]), { writer: again.signer.key, counter: 4 })
    assert.equal((await openRig(disk)).replica.view.digest(), again.replica.view.digest())
    assert.equal(again.replica.vector().get(again.signer.key)?.[0]?.counter, 4)
  })

  it('waits for what happens, and no longer than it was told', async () => {
    const { replica } = await foundRig(createMemoryDisk())
    const wait = replica.waitFor(view => view.hasTenant('a'), 2000)
    await replica.write(() => [tenant('a')])
    await wait
    await assert.rejects(
      replica.waitFor(view => view.hasTenant('b'), 20),
      { code: 'timeout', message: /within 20 ms/ },
    )
    const broken = replica.waitFor(view => {
      if (view.hasTenant('c')) throw new Error('test failed')
      return false
    }, 2000)
    const refused = assert.rejects(broken, /test failed/)
    await replica.write(() => [tenant('c')])
    await refused
  })
})

describe('replica: local facts', () => {
  it('keeps the latest value of each through power loss', async () => {
    const disk = createMemoryDisk()
    const { replica } = await foundRig(disk)
    await replica.local.set([
      ['vni/a', '1'],
      ['vni/b', '2'],
      ['other', 'x'],
    ])
    await replica.local.set([
      ['vni/a', '3'],
      ['vni/b', undefined],
    ])
    disk.crash()
    const { local } = (await openRig(disk)).replica
    assert.deepEqual(local.entries('vni/'), [['vni/a', '3']])
    assert.equal(local.get('other'), 'x')
    assert.equal(local.get('vni/b'), undefined)
  })

  it('does not call a fact durable because the same is being written', async () => {
    const door = gate()
    const { replica } = await foundRig(createMemoryDisk({ beforeSync: door.beforeSync }))
    door.close()
    const first = replica.local.set([['a', '1']])
    const second = replica.local.set([['a', '1']])
    assert.ok(await isPending(second))
    door.open()
    await Promise.all([first, second])
  })

  it('refuses a fact that it could not read again', async () => {
    const disk = createMemoryDisk()
    const { replica } = await foundRig(disk)
    await assert.rejects(replica.local.set([['big', 'x'.repeat(70_000)]]), { code: 'invalid' })
    assert.equal(replica.local.get('big'), undefined)
    await replica.local.set([['small', 'x']])
    assert.equal((await openRig(disk)).replica.local.get('small'), 'x')
  })
})

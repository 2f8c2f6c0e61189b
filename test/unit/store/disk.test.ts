import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileDisk } from '../../../src/store/file-disk.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { diskConformance } from './disk-conformance.ts'

describe('memory disk', () => {
  diskConformance(async () => {
    const disk = createMemoryDisk()
    return {
      disk,
      async reopen() {
        disk.crash()
        return disk
      },
    }
  })

  it('keeps of unsynced bytes what a crash keeps, and closes what was open', async () => {
    const disk = createMemoryDisk()
    const file = await disk.open('a')
    await file.append(new Uint8Array([1, 2]))
    await file.sync()
    await file.append(new Uint8Array([3, 4, 5]))
    disk.crash(unsynced => unsynced - 1)
    assert.deepEqual(await disk.read('a'), new Uint8Array([1, 2, 3, 4]))
    await assert.rejects(file.append(new Uint8Array([6])))
    const again = await disk.open('a')
    await again.append(new Uint8Array([7]))
    disk.crash()
    assert.deepEqual(await disk.read('a'), new Uint8Array([1, 2, 3, 4]))
  })

  it('appends to a long file what it appends to a short one', async function () {
    this.timeout(2000)
    const file = await createMemoryDisk().open('a')
    // copied as often as it is appended to, 4 MB would be 8 GB
    for (let i = 0; i < 4000; i++) await file.append(new Uint8Array(1000))
    await file.sync()
  })
})

describe('file disk', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skein-disk-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  diskConformance(async () => ({ disk: await openFileDisk(directory), reopen: () => openFileDisk(directory) }))

  it('says what still fits', async () => {
    const disk = await openFileDisk(directory)
    const before = await disk.room()
    assert.ok(before > 0 && Number.isSafeInteger(before))
  })

  it('makes its directory, for root alone', async () => {
    const deep = join(directory, 'var', 'lib')
    const disk = await openFileDisk(deep)
    await disk.replace('a', new Uint8Array([1]))
    assert.equal((await stat(deep)).mode & 0o777, 0o700)
    assert.equal((await stat(join(deep, 'a'))).mode & 0o777, 0o600)
  })
})

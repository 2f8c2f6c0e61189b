/** What every `Disk` must do; run by disk.test.ts on each adapter. */
import assert from 'node:assert/strict'
import { type Disk, draftSuffix } from '../../../src/store/disk.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

async function textOf(disk: Disk, name: string): Promise<string | undefined> {
  const found = await disk.read(name)
  return found && new TextDecoder().decode(found)
}

/** @param reopen gives a disk on the same content, as after a restart */
export function diskConformance(openDisk: () => Promise<{ disk: Disk; reopen: () => Promise<Disk> }>): void {
  it('has no file at first', async () => {
    const { disk } = await openDisk()
    assert.equal(await disk.read('a'), undefined)
  })

  it('creates on open, appends, and goes on after the end when opened again', async () => {
    const { disk, reopen } = await openDisk()
    const file = await disk.open('a')
    assert.equal(await textOf(disk, 'a'), '')
    await file.append(bytes('one '))
    await file.append(bytes('two '))
    await file.sync()
    await file.close()
    const again = await reopen()
    const second = await again.open('a')
    await second.append(bytes('three'))
    await second.sync()
    await second.close()
    assert.equal(await textOf(again, 'a'), 'one two three')
  })

  it('truncates, and appends after the cut', async () => {
    const { disk, reopen } = await openDisk()
    const file = await disk.open('a')
    await file.append(bytes('keep this, not that'))
    await file.truncate(9)
    await file.append(bytes('!'))
    await file.sync()
    await file.close()
    assert.equal(await textOf(await reopen(), 'a'), 'keep this!')
  })

  it('replaces a file whole, whether it exists or not', async () => {
    const { disk, reopen } = await openDisk()
    await disk.replace('a', bytes('a long first text'))
    await disk.replace('a', bytes('short'))
    assert.equal(await textOf(await reopen(), 'a'), 'short')
  })

  it('removes, and removing what is not there is no error', async () => {
    const { disk, reopen } = await openDisk()
    await disk.replace('a', bytes('x'))
    await disk.remove('a')
    await disk.remove('a')
    assert.equal(await (await reopen()).read('a'), undefined)
  })

  it('refuses a closed file', async () => {
    const { disk } = await openDisk()
    const file = await disk.open('a')
    await file.close()
    await assert.rejects(file.append(bytes('late')))
  })

  it('reads a part of a file, less at its end, and nothing behind it or where there is none', async () => {
    const { disk } = await openDisk()
    await disk.replace('a', bytes('0123456789'))
    const part = async (offset: number, length: number) =>
      new TextDecoder().decode(await disk.readAt('a', offset, length))
    assert.equal(await part(2, 3), '234')
    assert.equal(await part(8, 5), '89')
    assert.equal(await part(10, 5), '')
    assert.equal((await disk.readAt('b', 0, 5)).length, 0)
  })

  it('puts a draft in the place of a file, and goes on in it', async () => {
    const { disk, reopen } = await openDisk()
    await disk.replace('a', bytes('the old text'))
    const draft = await disk.draft('a')
    await draft.append(bytes('new'))
    await draft.sync()
    assert.equal(await textOf(disk, 'a'), 'the old text')
    const file = await draft.place()
    await file.append(bytes('er'))
    await file.sync()
    await file.close()
    const again = await reopen()
    assert.equal(await textOf(again, 'a'), 'newer')
    assert.equal(await textOf(again, `a${draftSuffix}`), undefined)
  })

  it('leaves nothing of a draft that is discarded, and begins one anew', async () => {
    const { disk } = await openDisk()
    await disk.replace('a', bytes('old'))
    for (const text of ['first', 'x']) {
      const draft = await disk.draft('a')
      await draft.append(bytes(text))
      if (text === 'first') await draft.sync()
      assert.equal(await textOf(disk, `a${draftSuffix}`), text)
      await draft.discard()
    }
    assert.equal(await textOf(disk, `a${draftSuffix}`), undefined)
    assert.equal(await textOf(disk, 'a'), 'old')
  })
}

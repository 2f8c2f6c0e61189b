/** What every `Disk` must do; run by disk.test.ts on each adapter. */
import assert from 'node:assert/strict'
import type { Disk } from '../../../src/store/disk.ts'

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
}

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDirectory } from '../../../src/store/lock.ts'

describe('directory lock', () => {
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'skein-lock-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('is held by one at a time, and names the holder', async () => {
    const lock = await lockDirectory(directory)
    await assert.rejects(lockDirectory(directory), { code: 'in-use', message: new RegExp(`process ${process.pid}:`) })
    await lock.release()
    await (await lockDirectory(directory)).release()
    assert.deepEqual(await readdir(directory), [])
  })

  it('is given to exactly one of many who ask at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory)))
    assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.deepEqual(await readdir(directory), ['lock'])
  })

  it('is free again after its holder was killed', async () => {
    const script = `const { lockDirectory } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/store/lock.ts'))})
      await lockDirectory(process.argv[1]); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await assert.rejects(lockDirectory(directory), new RegExp(`process ${child.pid}:`))
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await lockDirectory(directory)).release()
  })

  it('is free when the process id belongs to another process, another boot, or the file is empty', async () => {
    const lock = await lockDirectory(directory)
    const path = join(directory, 'lock')
    const [pid, start, boot] = (await readFile(path, 'utf8')).trim().split(' ')
    await lock.release()
    for (const stale of [`${pid} ${Number(start) - 1} ${boot}\n`, `${pid} ${start} another-boot\n`, '']) {
      await writeFile(path, stale)
      await (await lockDirectory(directory)).release()
    }
  })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const entry = join(root, 'cli', 'main.ts')

function start(script: string, args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise(resolve => {
    const argv = ['--import', 'tsx', script, ...args]
    execFile(process.execPath, argv, { cwd: root, timeout: 8000 }, (error, _stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stderr })
    })
  })
}

describe('cli: main', () => {
  it('behaves after the name it was started under, and ends with the exit code', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'skein-cli-'))
    const netctl = join(directory, 'netctl')
    symlinkSync(entry, netctl)
    try {
      const args = ['-H', '/nowhere', 'net', 'ls']
      const [asSkein, asNetctl] = await Promise.all([start(entry, args), start(netctl, args)])
      assert.deepEqual(asSkein, {
        code: 7,
        stderr: 'Error: cannot reach skeind at /nowhere: is it running? Start it with: skeind\n',
      })
      assert.equal(asNetctl.code, 7)
      assert.match(asNetctl.stderr, /^ERRO\[0000\] cannot reach/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

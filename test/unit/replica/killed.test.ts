/** I3 on real files: `kill -9` at any moment, also while the journal is rewritten, loses nothing that was acknowledged. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { packageRoot } from '../../../lab/plan.ts'
import { bundleOptions } from '../../support/bundle-options.ts'

const kills = 20

interface Line {
  readonly fenced?: string
  readonly facts?: readonly [key: string, value: number][]
  readonly tenants?: readonly string[]
  readonly fact?: number
  readonly is?: number
  readonly tenant?: string
  readonly rewriting?: 'begins' | 'ends'
}

describe('replica: killed', function () {
  this.timeout(180_000)
  let scratch = ''
  let child: ChildProcess | undefined

  beforeEach(async () => {
    // beside the sources: packages that stay outside are found from here
    mkdirSync(join(packageRoot(), 'dist'), { recursive: true })
    scratch = mkdtempSync(join(packageRoot(), 'dist', 'killed-'))
    await build({
      ...bundleOptions,
      entryPoints: [fileURLToPath(new URL('killed-child.ts', import.meta.url))],
      outfile: join(scratch, 'child.mjs'),
      external: ['dockerode'],
    })
  })

  afterEach(() => {
    child?.kill('SIGKILL')
    rmSync(scratch, { recursive: true, force: true })
  })

  it('holds all that was durable, however often and whenever that happens (I3)', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'skein-killed-'))
    const facts = new Map<string, number>()
    const tenants = new Set<string>()
    let [next, rewritten, within] = [0, 0, 0]

    /** What the process says until it is killed, `afterMs` after a rewriting has begun or ended. */
    async function run(moment: 'begins' | 'ends', afterMs: number): Promise<void> {
      const started = spawn(process.execPath, [join(scratch, 'child.mjs'), directory, String(next)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child = started
      const lines = createInterface({ input: started.stdout })
      const ended = once(lines, 'close')
      let isWithin = false
      let read: Line | undefined
      const acknowledged = { facts: new Map(facts), tenants: [...tenants] }
      let timer: NodeJS.Timeout | undefined
      each(lines, line => {
        if (line.tenants) read = line
        if (line.rewriting) isWithin = line.rewriting === 'begins'
        if (line.rewriting === 'ends') rewritten++
        if (line.rewriting === moment) timer ??= setTimeout(() => started.kill('SIGKILL'), afterMs)
        if (line.is !== undefined) {
          facts.set(`f${line.fact}`, line.is)
          next = Math.max(next, line.is + 1)
        }
        if (line.tenant !== undefined) tenants.add(line.tenant)
      })
      const [code] = await once(started, 'exit')
      await ended
      clearTimeout(timer)
      assert.equal(code, null, 'it ended by itself')
      if (read) check(read, acknowledged)
      if (isWithin) within++
    }

    function check(read: Line, before: { facts: ReadonlyMap<string, number>; tenants: readonly string[] }): void {
      assert.equal(read.fenced, undefined)
      const held = new Map(read.facts)
      // what was durable and not yet said may be there, too
      for (const [key, value] of before.facts)
        assert.ok((held.get(key) ?? -1) >= value, `${key} is ${held.get(key)}, was ${value}`)
      const lost = before.tenants.filter(name => !read.tenants?.includes(name))
      assert.deepEqual(lost, [])
    }

    try {
      for (let i = 0; i < kills; i++) await run(i % 3 === 2 ? 'ends' : 'begins', (i * 7) % 60)
      assert.ok(tenants.size > kills, `${tenants.size} tenants`)
      assert.ok(rewritten > 0, 'no rewriting came to its end')
      assert.ok(within > kills / 10, `${within} of ${kills} kills came while the journal was rewritten`)
      console.log(
        `      ${kills} kills, ${within} while the journal was rewritten; ${rewritten} rewritten, ${next} writes`,
      )
    } finally {
      rmSync(directory, { recursive: true, force: true })
      rmSync(`${directory}-witness`, { recursive: true, force: true })
    }
  })
})

function each(lines: Interface, take: (line: Line) => void): void {
  lines.on('line', text => {
    let line: Line
    try {
      line = JSON.parse(text)
    } catch {
      return // it was killed in the middle of a word
    }
    take(line)
  })
}

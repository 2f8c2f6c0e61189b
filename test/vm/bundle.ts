/** Tests as few plain files: compiling a hundred of them in the emulated machine would take longer than the tests. */
import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { packageRoot } from '../../lab/plan.ts'
import { bundleOptions } from '../support/bundle-options.ts'

const bundleDir = join(packageRoot(), '.cache/vm/tests')

/** The machine's own tests, in order. */
export function guestTests(): string[] {
  const folder = join(import.meta.dirname, 'guest')
  const files = readdirSync(folder).filter(name => name.endsWith('.test.ts'))
  return files.sort().map(name => join(folder, name))
}

/** Paths of the bundles, one per test file; what they share is shared. */
export async function bundleTests(files: readonly string[]): Promise<string[]> {
  rmSync(bundleDir, { recursive: true, force: true })
  await build({
    ...bundleOptions,
    entryPoints: [...files],
    outdir: bundleDir,
    entryNames: '[name]',
    splitting: true,
    // packages of many small files are a part of it, too
    external: ['mocha', 'esbuild'],
    outExtension: { '.js': '.mjs' },
  })
  return files.map(file => join(bundleDir, basename(file).replace(/\.ts$/, '.mjs')))
}

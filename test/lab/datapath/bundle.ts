/** The hosts' program in one file: each of its starts would otherwise compile some hundreds, which takes longer than most tests. */
import { join } from 'node:path'
import { build } from 'esbuild'
import { bundleOptions } from '../../support/bundle-options.ts'

/** Bundles host-process.ts into the folder; resolves with its path. */
export async function bundleProgram(folder: string): Promise<string> {
  const outfile = join(folder, 'host-process.mjs')
  await build({ ...bundleOptions, entryPoints: [join(import.meta.dirname, 'host-process.ts')], outfile })
  return outfile
}

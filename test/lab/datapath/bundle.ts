/** The hosts' program in one file: each of its starts would otherwise compile some hundreds, which takes longer than most tests. */
import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles host-process.ts into the folder; resolves with its path. */
export async function bundleProgram(folder: string): Promise<string> {
  const outfile = join(folder, 'host-process.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'host-process.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // CommonJS packages inside the bundle call require
    banner: {
      js: "import { createRequire as hostRequire } from 'node:module'; const require = hostRequire(import.meta.url);",
    },
    logLevel: 'warning',
  })
  return outfile
}

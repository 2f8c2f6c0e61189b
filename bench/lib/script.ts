/** A file of the bench as one bundled program in a process of its own, as skeind is: what it prints is JSON, a line each. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { packageRoot } from '../../lab/plan.ts'
import { endChild } from './child.ts'

const requireBanner = "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);"

/** Puts bench/scale/shared-decoding.ts in the place of the modules that decode, but for itself. */
const sharing: Plugin = {
  name: 'shared decoding',
  setup({ onResolve }) {
    const path = fileURLToPath(new URL('../scale/shared-decoding.ts', import.meta.url))
    onResolve({ filter: /\/(compact-unit|leaf-codec)\.ts$/ }, ({ importer }) =>
      importer === path ? undefined : { path },
    )
  },
}

export interface ScriptOptions {
  /** Flags of Node. */
  readonly flags?: readonly string[]
  /** Peers of one process share what they decode. */
  readonly sharesDecoding?: boolean
}

/** What `skeind` sets of Node's limits. */
export function skeindFlags(): string[] {
  const program = readFileSync(join(packageRoot(), 'bin', 'skeind'), 'utf8')
  return program.match(/--[a-z-]+=\d+/g) ?? []
}

export interface Script {
  readonly child: ChildProcess
  /** Its first line. Rejects when it ends before, and when `signal` is aborted. */
  line(signal: AbortSignal): Promise<unknown>
  end(): Promise<void>
}

export async function startScript(
  file: URL,
  args: readonly string[],
  { flags = [], sharesDecoding = false }: ScriptOptions = {},
): Promise<Script> {
  // beside the sources: packages that stay outside are found from here
  const directory = mkdtempSync(join(packageRoot(), 'dist', 'bench-'))
  const outfile = join(directory, 'script.mjs')
  await build({
    ...{ entryPoints: [fileURLToPath(file)], outfile, bundle: true, platform: 'node', format: 'esm' },
    ...{ target: 'node20.19', external: ['dockerode', 'yjs'], banner: { js: requireBanner }, logLevel: 'error' },
    plugins: sharesDecoding ? [sharing] : [],
  })
  const child = spawn(process.execPath, [...flags, outfile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  return {
    child,
    line: signal => firstLine(child, signal),
    async end() {
      await endChild(child)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Runs it to its first line. */
export async function scriptResult<T>(
  file: URL,
  args: readonly (string | number)[],
  signal: AbortSignal,
  options: ScriptOptions = {},
): Promise<T> {
  const script = await startScript(file, args.map(String), options)
  try {
    return (await script.line(signal)) as T
  } finally {
    await script.end()
  }
}

function firstLine(child: ChildProcess, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (!child.stdout) return reject(new Error('the program has no output'))
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    createInterface({ input: child.stdout }).once('line', line => resolve(JSON.parse(line)))
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`the program ended with ${code} and said nothing`)))
  })
}

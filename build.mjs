// Bundles the two programs into dist/: one file each starts three times as fast as a thousand small ones.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { build } from 'esbuild'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

function gitCommit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}

/** What dockerode loads for `ssh://` and for building images; we do neither, and they take a Node process 20 MB. */
const unused = {
  name: 'unused parts of dockerode',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(ssh2|protobufjs|@grpc\/grpc-js|@grpc\/proto-loader)$/ }, ({ path }) => {
      return { path, namespace: 'unused' }
    })
    onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
  },
}

await build({
  entryPoints: { skeind: 'src/main.ts', skein: 'cli/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  plugins: [unused],
  // V8 keeps the text in memory, two bytes a character if a comment has one beyond Latin-1; lines, since Node shows the one that failed
  minifyWhitespace: true,
  lineLimit: 160,
  define: { SKEIN_BUILD: JSON.stringify({ version, gitCommit: gitCommit(), buildTime: new Date().toISOString() }) },
  // CommonJS packages inside the bundle call require
  banner: {
    js: "import { createRequire as skeinRequire } from 'node:module'; const require = skeinRequire(import.meta.url);",
  },
  logLevel: 'warning',
})

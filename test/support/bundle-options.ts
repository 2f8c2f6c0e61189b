/** How a test makes one file of a program and its packages, for a Node that runs it elsewhere: what is common to those. */
import type { BuildOptions } from 'esbuild'

export const bundleOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  // CommonJS packages inside the bundle call require
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  logLevel: 'warning',
} as const satisfies BuildOptions

/**
 * npm run test:vm -- [FILE…]
 *
 * Tests on Debian's own kernel, in an emulated machine: what they need of a kernel is there, whatever this one has.
 * Any test of the lab can be named, too.
 */
import { installMissing } from '../../lab/packages.ts'
import { packageRoot } from '../../lab/plan.ts'
import { errorText, SkeinError } from '../../src/lib/errors.ts'
import { bundleTests, guestTests } from './bundle.ts'
import { findKernel } from './kernel.ts'
import { runInMachine } from './machine.ts'

/** What this machine must have for it, and the packages. */
const programs = {
  'qemu-system-x86_64': 'qemu-system-x86',
  '../libexec/virtiofsd': 'virtiofsd',
  depmod: 'kmod',
  cpio: 'cpio',
  xz: 'xz-utils',
}

/** These end what hangs, also where others take most of the processor: then all of it takes several times as long. */
const limitMs = 30 * 60_000
const testLimitMs = 600_000
/** What the lab's deadlines are multiplied by in there. */
const patience = 10

async function main(files: readonly string[]): Promise<number> {
  if (process.geteuid?.() !== 0)
    throw new SkeinError('forbidden', 'packages may be missing, and only root can install them; run it as root')
  const start = performance.now()
  const say = (line: string) => console.log(`vm ${((performance.now() - start) / 1000).toFixed(0)} s: ${line}`)
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => interrupt.abort(new Error('the tests were interrupted')))
  // the lab's programs, too: the machine has this one's files, and no way out
  await installMissing(say)
  await installMissing(say, programs, 'npm run test:vm')
  const kernel = await findKernel(say)
  say(`machine with Linux ${kernel.version}`)
  const bundles = await bundleTests(files)
  const reporter = ['--no-config', '--no-package', '--reporter', 'test/support/reporter.cjs']
  const mocha = ['node', 'node_modules/mocha/bin/mocha.js', ...reporter, '--timeout', String(testLimitMs), ...bundles]
  // a lab of a name of its own: this machine's may be up, and its files are seen there
  const argv = ['env', 'SKEIN_LAB_NAME=vm', `SKEIN_LAB_PATIENCE=${patience}`, ...mocha]
  const code = await runInMachine(kernel, { folder: packageRoot(), argv }, { signal: interrupt.signal, limitMs })
  say('done')
  return code
}

const named = process.argv.slice(2)
try {
  process.exitCode = await main(named.length > 0 ? named : guestTests())
} catch (error) {
  console.error(`Error: ${errorText(error)}`)
  process.exitCode = 1
}

/** skeind: flags and environment to a running peer. The only `process.exit` of the peer. */
import { hostname } from 'node:os'
import { Agent } from './agent/agent.ts'
import { version } from './agent/version.ts'
import { findDefaultAddress } from './config/default-route.ts'
import { findMachineId } from './config/machine-id.ts'
import { parseConfig } from './config/parse.ts'
import { errorText, SkeinError } from './lib/errors.ts'
import { createLogger } from './lib/log.ts'

/** A stop that takes longer than this is ended, ms. */
const stopLimitMs = 8000

const parsed = parseConfig(process.argv.slice(2), process.env, {
  hostname: hostname(),
  defaultAddress: findDefaultAddress(),
  machineId: findMachineId(),
})

switch (parsed.kind) {
  case 'help':
    process.stdout.write(parsed.text)
    break
  case 'version':
    process.stdout.write(`${version.version}\n`)
    break
  case 'problems':
    for (const problem of parsed.problems) process.stderr.write(`skeind: ${problem}\n`)
    process.exitCode = 2
    break
  case 'run': {
    const log = createLogger(parsed.config.logLevel)
    const agent = new Agent(parsed.config, log)
    let stopping = false
    const end = async (code: number) => {
      if (stopping) return
      stopping = true
      setTimeout(() => process.exit(code), stopLimitMs).unref()
      await agent.stop()
      process.exit(code)
    }
    // a peer that dies of a forgotten promise takes its host off the mesh: say it loudly and go on
    process.on('unhandledRejection', reason => log.error({ err: reason }, 'a failure that nobody waited for'))
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(0))
    agent.start().catch(error => {
      log.error({ err: errorText(error) }, 'cannot start')
      process.stderr.write(`skeind: ${errorText(error)}\n`)
      void end(error instanceof SkeinError ? error.exitCode : 1)
    })
  }
}

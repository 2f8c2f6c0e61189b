/** Labs of test runs that were killed before they could remove them: test/support/lab-name.cjs names each lab after its run. */
import { readdirSync } from 'node:fs'
import { packageRoot } from '../../../lab/plan.ts'
import { recordOf } from '../../../lab/processes.ts'
import { run } from '../../../src/lib/exec.ts'

/** Names of labs whose test run has ended, out of the names in `/run` and `/var/lib`. */
export function leftLabs(names: readonly string[], isAlive: (pid: number) => boolean): string[] {
  const ours = names.flatMap(name => /^skein-lab-(test[0-9a-z]{1,5})$/.exec(name)?.[1] ?? [])
  return [...new Set(ours)].filter(name => !isAlive(Number.parseInt(name.slice('test'.length), 36))).sort()
}

/** Takes them down, as `skein lab down` does. */
export async function removeLeftLabs(): Promise<void> {
  const names = ['/run', '/var/lib'].flatMap(folder => readdirSync(folder))
  for (const name of leftLabs(names, pid => recordOf(pid) !== undefined)) {
    // two runs that begin at once find the same one: the second waits, and finds nothing
    const down = [
      '/run',
      'env',
      `SKEIN_LAB_NAME=${name}`,
      process.execPath,
      `${packageRoot()}/bin/skein`,
      'lab',
      'down',
    ]
    const { code, stderr } = await run('flock', down, { timeoutMs: 60_000 })
    if (code !== 0) throw new Error(`the lab ${name} of a killed run stays: ${stderr}`)
  }
}

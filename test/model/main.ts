/**
 * `npm run model`: the searches with large bounds. `-- --minutes 30` bounds each one (default 10), `--only TEXT` takes those
 * whose name has the text, `--show V1` prints the history that a rule is there for.
 */
import { parseArgs } from 'node:util'
import { counterexamples, large, largeNetworks } from './cases.ts'
import { custodyModel } from './custody-model.ts'
import { explore, type Limits, type Result } from './explore.ts'
import { networkModel } from './network-model.ts'
import { allNetworkRules } from './network-view.ts'
import { allRules } from './rules.ts'
import { unsteady } from './view.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, only: { type: 'string' }, show: { type: 'string' } },
})

function tell(name: string, result: Result): void {
  const speed = Math.round(result.states / Math.max(result.seconds, 0.001))
  const cpu = (process.cpuUsage().user / 1e6).toFixed(0)
  const end = result.violation
    ? `BROKEN: ${result.violation.what}`
    : result.exhausted
      ? 'no violation, exhausted'
      : `no violation to ${result.depth} actions, cut short`
  console.log(
    `${name}: ${end}; ${result.states} states, ${result.seconds.toFixed(0)} s, ${speed}/s, ${cpu} s of CPU so far`,
  )
  for (const [i, line] of result.violation?.history.entries() ?? []) console.log(`  ${i + 1}. ${line}`)
}

let broken = false
if (values.show !== undefined) {
  for (const { name, why, off, bounds } of counterexamples.filter(c => c.name === values.show))
    tell(`${name} (${why})`, explore(custodyModel({ ...allRules, ...off }, bounds)))
} else {
  const seconds = Number(values.minutes ?? 10) * 60
  const searches: [name: string, run: (limits: Limits) => Result][] = [
    ...large.map(({ name, bounds }): [string, (limits: Limits) => Result] => [
      name,
      limits => explore(custodyModel(allRules, bounds), limits),
    ]),
    ...largeNetworks.map(({ name, bounds }): [string, (limits: Limits) => Result] => [
      name,
      limits => explore(networkModel(allNetworkRules, bounds), limits),
    ]),
  ]
  for (const [name, run] of searches.filter(([name]) => name.includes(values.only ?? ''))) {
    let told = performance.now()
    const progress = (line: string) => {
      if (performance.now() - told < 10_000) return
      told = performance.now()
      console.log(`  ${line}, ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`)
    }
    const result = run({ seconds, progress })
    tell(name, result)
    broken ||= result.violation !== undefined
  }
  if (unsteady.count > 0) console.log(`${unsteady.count} views in which the outcomes of removals have no one answer`)
  broken ||= unsteady.count > 0
}
process.exitCode = broken ? 1 : 0

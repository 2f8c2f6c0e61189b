/**
 * npm run soak -- [--minutes 20] [--hosts 3] [--seed N]
 *
 * Real hosts and engines under random faults, containers starting and stopping on all of them, and every address in use
 * looked at every few seconds. Ends with 1 when an address was held twice, when Docker refused something without naming a cause that is known or
 * more slowly than what was broken explains, or when the hosts do not come to rest.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { downLab, type Lab, upLab } from '../../lab/index.ts'
import { errorText } from '../../src/lib/errors.ts'
import { netctl } from '../lab/acceptance/cli.ts'
import { Random } from '../sim/random.ts'
import { doubled, type Held, watchHeld } from './addresses.ts'
import { churn, type Tally } from './containers.ts'
import { chooseFault } from './faults.ts'
import { flawOf, type Refusal, summaryOf } from './refusals.ts'
import { assertAtRest } from './rest.ts'
import { Troubles } from './troubles.ts'

const networks = ['web', 'db', 'small'] as const
/** Has addresses to spare. */
const spacious = 'db'
const checkMs = 5000
/** After so long all is mended and looked at, then the faults go on, ms. */
const restEveryMs = 5 * 60_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    hosts: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})

async function main(lab: Lab): Promise<void> {
  const random = new Random(Number(values.seed))
  const endMs = performance.now() + Number(values.minutes) * 60_000
  const [first] = lab.hosts()
  if (!first) throw new Error('the lab has no host')
  await netctl(first, 'net', 'create', '--subnet=10.1.0.0/24', 'web')
  await netctl(first, 'net', 'create', '--subnet=10.2.0.0/20', 'db')
  await netctl(first, 'net', 'create', '--subnet=10.3.0.0/28', 'small')
  await delay(3000)
  for (let round = 1; performance.now() < endMs; round++) {
    const untilMs = Math.min(endMs, performance.now() + restEveryMs)
    await trouble(lab, random.fork(), untilMs)
    const { containers, pings } = await assertAtRest(lab.hosts(), spacious)
    say(`round ${round}: at rest with ${containers} containers, ${pings} pings between hosts`)
    for (const host of lab.hosts()) {
      const ids = (await host.exec(['docker', 'ps', '-aq'])).stdout.split('\n').filter(Boolean)
      if (ids.length > 0) await host.exec(['docker', 'rm', '-f', ...ids], { timeoutMs: 60_000 })
    }
  }
}

/** Faults, containers and the check, until the time; then all is mended. */
async function trouble(lab: Lab, random: Random, untilMs: number): Promise<void> {
  const isOver = () => performance.now() >= untilMs || broken.length > 0
  const broken: string[] = []
  const gone = new Set<string>()
  const troubles = new Troubles()
  const churning = lab.hosts().map(host => churn(host, { networks, random: random.fork(), troubles, gone, isOver }))
  const tallies = Promise.all(churning)
  const checks = check(watchHeld(lab.hosts(), gone), isOver, broken)
  while (!isOver()) {
    const fault = chooseFault(lab, random)
    const trouble = troubles.begin(fault)
    await fault.make()
    trouble.made()
    say(fault.text)
    await delay(Math.min(random.spread(500, 30_000), Math.max(0, untilMs - performance.now())))
    await fault.mend()
    trouble.mended()
    await delay(random.spread(100, 8000))
  }
  const looks = await checks
  const { started, removed, refusals } = sum(await tallies)
  const refused = (deed: Refusal['deed']) => refusals.filter(each => each.deed === deed).length
  say(`${started} started, ${removed} removed, ${refused('run')} and ${refused('rm')} refused, ${looks} looks`)
  for (const line of summaryOf(refusals)) say(`  ${line}`)
  broken.push(...refusals.map(flawOf).filter(flaw => flaw !== undefined))
  if (broken.length > 0) throw new Error(broken.join('\n'))
}

/** Looks at all engines, again and again. */
async function check(look: () => Promise<Held[]>, isOver: () => boolean, broken: string[]): Promise<number> {
  let looks = 0
  while (!isOver()) {
    broken.push(...doubled(await look()))
    looks++
    await delay(checkMs)
  }
  return looks
}

function sum(tallies: readonly Tally[]): Tally {
  return {
    started: tallies.reduce((all, { started }) => all + started, 0),
    removed: tallies.reduce((all, { removed }) => all + removed, 0),
    refusals: tallies.flatMap(({ refusals }) => refusals),
  }
}

const startedMs = performance.now()

function say(line: string): void {
  console.log(`${Math.round((performance.now() - startedMs) / 1000)}s ${line}`)
}

say(`seed ${values.seed}, ${values.minutes} minutes, ${values.hosts} hosts`)
const lab = await upLab({ hosts: Number(values.hosts) })
// the lab goes with this process, however it ends
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void downLab().then(() => process.exit(1)))
try {
  await main(lab)
  say('every address was held once, and all came to rest')
} catch (error) {
  say(`FAILED: ${errorText(error)}`)
  process.exitCode = 1
} finally {
  await downLab()
}

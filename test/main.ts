/**
 * The tiers of `npm test`, after lint. What mostly waits, for packages, goes beside what computes; whose tests watch the clock has the machine to
 * itself: real sockets, the emulated machine, the lab.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

type Tier = 'unit' | 'vm' | 'model' | 'sim' | 'install' | 'lab'

/** One step after the other; within a step these lists side by side. */
const steps: readonly (readonly (readonly Tier[])[])[] = [
  [['unit']],
  [['model', 'sim'], ['install']],
  [['vm']],
  [['lab']],
]
/** So that who watches knows that it goes on. */
const progressMs = 60_000

const begun = performance.now()
const say = (line: string) => console.log(`test ${((performance.now() - begun) / 1000).toFixed(0)} s: ${line}`)
const running = new Map<Tier, ChildProcess>()
let interrupted = false

/** True if it passed. What it prints comes at its end in one piece if others run meanwhile. */
async function runTier(tier: Tier, isAlone: boolean): Promise<boolean> {
  const child = spawn('npm', ['run', '--silent', `test:${tier}`], {
    stdio: ['ignore', isAlone ? 'inherit' : 'pipe', isAlone ? 'inherit' : 'pipe'],
  })
  running.set(tier, child)
  const ended = new Promise<boolean>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code === 0))
  })
  const printed = Promise.all([child.stdout, child.stderr].map(stream => (stream ? text(stream) : '')))
  const passed = await ended
  running.delete(tier)
  for (const each of await printed) process.stdout.write(each)
  say(`${tier} ${passed ? 'passed' : 'failed'}`)
  return passed
}

/** False once one failed: those behind it in its list are not begun. */
async function runList(tiers: readonly Tier[], isAlone: boolean): Promise<boolean> {
  for (const tier of tiers) if (interrupted || !(await runTier(tier, isAlone))) return false
  return true
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interrupted = true
    for (const child of running.values()) child.kill(signal)
  })
}
const progress = setInterval(() => say(`${[...running.keys()].join(', ')} running`), progressMs)
process.exitCode = 0
for (const lists of steps) {
  const outcomes = await Promise.all(lists.map(list => runList(list, lists.length === 1)))
  if (outcomes.every(Boolean)) continue
  process.exitCode = 1
  break
}
clearInterval(progress)

/** `npm run bench`: runs the measurements one after another and prints what they gave. Judges nothing. */
import { writeFileSync } from 'node:fs'
import { errorText, SkeinError } from '../src/lib/errors.ts'
import { attach } from './attach.ts'
import { join } from './join.ts'
import { parseArguments } from './lib/arguments.ts'
import { busyPercent, cpuPressure, type Machine, machineFacts, machineText, untilQuiet } from './lib/machine.ts'
import type { Measurement, Outcome } from './lib/measurement.ts'
import { resultTable } from './lib/table.ts'
import { memory } from './memory.ts'
import { policies } from './policies.ts'
import { scale } from './scale.ts'
import { whole } from './whole.ts'
import { write } from './write.ts'

const measurements: readonly Measurement[] = [attach, write, join, memory, policies, whole, ...scale]

interface Result extends Outcome {
  readonly name: string
  readonly seconds: number
  /** For which share of the time processes waited for a processor, %: in the 10 s before, and while it ran. */
  readonly pressure: { readonly before: number; readonly during: number } | undefined
  /** Why there are no rows; '' if there are. */
  readonly failure: string
}

async function measure(measurement: Measurement, interrupt: AbortSignal): Promise<Result> {
  const { name, limitMs } = measurement
  const begun = performance.now()
  const seconds = () => Math.round((performance.now() - begun) / 1000)
  const progress = (line: string) => process.stderr.write(`${name} ${seconds()}s: ${line}\n`)
  const late = new SkeinError(
    'timeout',
    `not done within ${limitMs / 1000} s; on a quiet machine: npm run bench -- ${name}`,
  )
  const limit = new AbortController()
  const signal = AbortSignal.any([interrupt, limit.signal])
  const timer = setTimeout(() => limit.abort(late), limitMs)
  const before = cpuPressure()
  let outcome: Outcome = { rows: [], notes: [] }
  let failure = ''
  try {
    outcome = await measurement.run({ signal, progress })
  } catch (error) {
    // what was stopped fails in its own words: the cause is why it was told to stop
    failure = errorText(signal.aborted ? signal.reason : error)
  } finally {
    clearTimeout(timer)
  }
  const waitedMs = (cpuPressure()?.totalMs ?? 0) - (before?.totalMs ?? 0)
  const during = (100 * waitedMs) / (performance.now() - begun)
  const pressure = before && { before: before.lastPercent, during }
  return { name, seconds: seconds(), pressure, failure, ...outcome }
}

function show(measurement: Measurement, result: Result): void {
  const { name, title, ours, base } = measurement
  const lines = ['', `${name}: ${title}`]
  if (result.failure) lines.push(`failed: ${result.failure}`)
  else lines.push(resultTable(result.rows, ours, base))
  lines.push(...result.notes.map(note => `- ${note}`), `- ${result.seconds} s${pressureNote(result.pressure)}`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

function pressureNote(pressure: Result['pressure']): string {
  if (!pressure) return ''
  const { before, during } = pressure
  const busy = before > busyPercent ? ': NOT TO BE RECORDED, the machine was busy with something else' : ''
  return `; processes waited for a processor ${before.toFixed(0)} % of the time before, ${during.toFixed(0)} % during${busy}`
}

function save(file: string, machine: Machine, results: readonly Result[]): void {
  const short = (_key: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 1e4) / 1e4 : value)
  writeFileSync(file, `${JSON.stringify({ date: new Date().toISOString(), machine, results }, short)}\n`)
}

/** Resolves with the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { names, json } = parseArguments(
    argv,
    measurements.map(measurement => measurement.name),
    measurements.filter(({ onlyByName }) => !onlyByName).map(({ name }) => name),
  )
  const interrupt = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => interrupt.abort(new SkeinError('unavailable', 'interrupted')))
  }
  const machine = await machineFacts()
  process.stdout.write(`${new Date().toISOString()}  ${machineText(machine)}\n`)
  const results: Result[] = []
  for (const measurement of measurements.filter(({ name }) => names.includes(name))) {
    await untilQuiet(interrupt.signal)
    if (interrupt.signal.aborted) break
    const result = await measure(measurement, interrupt.signal)
    results.push(result)
    show(measurement, result)
  }
  if (json !== undefined) save(json, machine, results)
  return interrupt.signal.aborted || results.some(result => result.failure !== '') ? 1 : 0
}

main(process.argv.slice(2)).then(
  code => {
    process.exitCode = code
  },
  error => {
    process.stderr.write(`bench: ${errorText(error)}\n`)
    process.exitCode = error instanceof SkeinError ? error.exitCode : 1
  },
)

/** Runs many seeds on several processes, each taking the next seed when it is done with one. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SeedResult } from './run-seed.ts'

export interface FleetOptions {
  /** Called for each seed that is done; returns false to end early. */
  onResult(result: SeedResult): boolean
  /** Processes. */
  jobs: number
}

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** Resolves when all seeds are done, or the run was ended early. Rejects when a process ends by itself. */
export async function runFleet(seeds: Iterator<number>, { onResult, jobs }: FleetOptions): Promise<void> {
  let goesOn = true
  const work = async (child: ChildProcess) => {
    try {
      for (let next = seeds.next(); goesOn && !next.done; next = seeds.next()) {
        const result = await ask(child, next.value)
        goesOn = onResult(result) && goesOn
      }
    } finally {
      child.kill()
    }
  }
  // the loader that this process was started with is inherited: execArgv
  await Promise.all(Array.from({ length: jobs }, () => work(fork(worker, { execArgv: ['--import', 'tsx'] }))))
}

function ask(child: ChildProcess, seed: number): Promise<SeedResult> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the process of seed ${seed} ended with ${code}`))
    child.once('exit', ended)
    child.once('message', result => {
      child.off('exit', ended)
      resolve(result as SeedResult)
    })
    child.send(seed)
  })
}

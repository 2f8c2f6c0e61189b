/** Runs many tasks on several processes, each taking the next when it is done with one. */
import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer } from './serve.ts'

export interface FleetOptions<Task, Result> {
  /** What a process runs; it calls `serve`. */
  worker: URL
  /** Called for each task that is done; returns false to end early. */
  onResult(result: Result, task: Task): boolean
  /** Processes. */
  jobs: number
}

/** Resolves when all tasks are done, or the run was ended early. Rejects when one fails, or a process ends by itself. */
export async function runFleet<Task extends object, Result>(
  tasks: Iterator<Task>,
  { worker, onResult, jobs }: FleetOptions<Task, Result>,
): Promise<void> {
  let goesOn = true
  const work = async (child: ChildProcess) => {
    try {
      for (let next = tasks.next(); goesOn && !next.done; next = tasks.next()) {
        const result = await ask<Result>(child, next.value)
        goesOn = onResult(result, next.value) && goesOn
      }
    } finally {
      goesOn = false // no task is left, or one failed
      child.kill()
    }
  }
  // the loader that this process was started with is inherited: execArgv
  await Promise.all(
    Array.from({ length: jobs }, () => work(fork(fileURLToPath(worker), { execArgv: ['--import', 'tsx'] }))),
  )
}

function ask<Result>(child: ChildProcess, task: object): Promise<Result> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) =>
      reject(new Error(`the process of ${JSON.stringify(task)} ended with ${code}`))
    child.once('exit', ended)
    child.once('message', message => {
      child.off('exit', ended)
      const answer = message as Answer<Result>
      if ('error' in answer) reject(new Error(answer.error))
      else resolve(answer.result)
    })
    child.send(task as Serializable)
  })
}

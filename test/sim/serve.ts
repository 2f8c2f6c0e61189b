/** What a process of the fleet does: gets tasks, sends what came of each; ends with its parent. */
export type Answer<Result> = { readonly result: Result } | { readonly error: string }

export function serve<Task, Result>(work: (task: Task) => Promise<Result>): void {
  process.on('message', async task => {
    const answer = await work(task as Task).then(
      (result): Answer<Result> => ({ result }),
      (error: unknown): Answer<Result> => ({ error: String(error) }),
    )
    process.send?.(answer)
  })
  process.on('disconnect', () => process.exit())
}

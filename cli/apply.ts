/** `apply -f FILE`: creates what the file has and the mesh has not; deletes nothing. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { AppliedJson, ApplyJson } from '../src/api/types.ts'
import { type ErrorCode, errorTable, errorText, SkeinError } from '../src/lib/errors.ts'
import { readObjects } from './objects-file.ts'
import { addWait, type WaitOption } from './options.ts'
import { reportReach } from './reach.ts'
import type { Session } from './session.ts'

interface ApplyOptions extends WaitOption {
  file: string
  dryRun?: boolean
  json?: boolean
}

export function addApplyCommand(program: Command, session: Session): void {
  const apply = program.command('apply').description('create the objects of a file; deletes nothing')
  addWait(apply, session)
    .requiredOption('-f, --file <file>', 'YAML or JSON as skein export prints it; - for standard input')
    .option('--dry-run', 'only print what would be created')
    .option('-j, --json', 'the results as JSON')
    .action((options: ApplyOptions) => applyFile(session, options))
}

async function applyFile(session: Session, { file, dryRun, json, wait }: ApplyOptions): Promise<void> {
  const source = file === '-' ? 'standard input' : file
  const text = file === '-' ? await session.io.stdin() : await readText(file)
  const objects = await readObjects(source, text)
  const request = { ...objects, ...(dryRun ? { dryRun } : {}) }
  const { body, dot } = await session.client().send<ApplyJson>('POST', '/api/v1/apply', request)
  if (json) session.printJson(body.results)
  else for (const result of body.results) session.print(resultText(result, dryRun ?? false))
  const refused = body.results.filter(result => result.outcome === 'refused')
  if (dot) await reportReach(session, dot, wait ?? false)
  if (refused.length > 0) throw failure(refused, body.results.length)
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new SkeinError('usage', `${file} cannot be read (${errorText(error)}): give a file, or - for standard input`)
  }
}

function resultText({ kind, key, outcome, error }: AppliedJson, dryRun: boolean): string {
  if (error) return `${kind} ${key} refused: ${error.text}`
  if (outcome === 'exists') return `${kind} ${key} exists already`
  if (outcome === 'changed') return `${kind} ${key} changed`
  return dryRun ? `${kind} ${key} would be created` : `${kind} ${key} created`
}

/** The exit code is that of the first refusal. */
function failure(refused: readonly AppliedJson[], total: number): SkeinError {
  const code = refused[0]?.error?.code ?? 'internal'
  return new SkeinError(
    code in errorTable ? (code as ErrorCode) : 'internal',
    `${refused.length} of ${total} objects were refused: mend them and apply the file once more`,
  )
}

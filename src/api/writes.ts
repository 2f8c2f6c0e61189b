/** Which members have a write. */
import type { FastifyInstance } from 'fastify'
import type { Dot } from '../crdt/vector.ts'
import { type Clock, sleep } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import type { ApiDeps } from './deps.ts'
import type { WriteJson } from './types.ts'

/** The longest that a caller may wait, the most that one round of questions may take, and the pause between rounds. */
const maxWaitMs = 8000
const roundMs = 1000
const pauseMs = 50

interface WriteRoute {
  Params: { writer: string; counter: string }
  Querystring: { waitMs?: string }
}

export function addWriteRoutes(app: FastifyInstance, deps: () => ApiDeps, clock: Clock): void {
  app.get<WriteRoute>('/api/v1/writes/:writer/:counter', async (request): Promise<WriteJson> => {
    const waitMs = Number(request.query.waitMs ?? 0)
    if (!Number.isInteger(waitMs) || waitMs < 0 || waitMs > maxWaitMs) {
      throw new SkeinError('invalid', `waitMs is invalid: use 0 to ${maxWaitMs}`)
    }
    return whoHas(deps(), clock, dotOf(deps(), request.params), waitMs)
  })
}

function dotOf({ replica }: ApiDeps, params: WriteRoute['Params']): Dot {
  const counter = Number(params.counter)
  if (!Number.isSafeInteger(counter) || counter < 1) {
    throw new SkeinError('invalid', 'the write is invalid: use WRITER/COUNTER as in the Skein-Dot header')
  }
  if (!replica.view.member(params.writer)) {
    throw new SkeinError('not-found', 'no member has the key of that writer: see skein peer ls')
  }
  return { writer: params.writer, counter }
}

/** Asks until every connected member has it or `waitMs` is over. */
async function whoHas(deps: ApiDeps, clock: Clock, dot: Dot, waitMs: number): Promise<WriteJson> {
  const deadline = clock.monotonic() + waitMs
  for (;;) {
    const left = deadline - clock.monotonic()
    const { have, missing } = await deps.replica.whoHas(dot, Math.max(pauseMs, Math.min(roundMs, left)))
    if (missing.length === 0 || left <= pauseMs) return writeJson(deps, have, missing)
    await sleep(clock, pauseMs)
  }
}

function writeJson({ replica, nameOf }: ApiDeps, have: readonly string[], missing: readonly string[]): WriteJson {
  const result: WriteJson = { have: [], missing: [], unreachable: [] }
  for (const { key } of replica.view.members()) {
    if (have.includes(key) || key === replica.self) result.have.push(nameOf(key))
    else if (missing.includes(key)) result.missing.push(nameOf(key))
    else result.unreachable.push(nameOf(key))
  }
  return result
}

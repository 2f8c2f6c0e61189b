/** Says how many of the members have a write. */
import type { WriteJson } from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'
import type { Session } from './session.ts'

/** Fresh writes need 20 to 50 ms to the members; after this a user wants the prompt back. */
const usualWaitMs = 300
/** `--wait` gives up after this. */
const longWaitMs = 8000

/** `dot` is the write, `writer/counter`. Throws `timeout` if `wait` is set and a member within reach still lacks it. */
export async function reportReach(session: Session, dot: string, wait: boolean): Promise<void> {
  const waitMs = wait ? longWaitMs : usualWaitMs
  const reach = await session.client().get<WriteJson>(`/api/v1/writes/${dot}?waitMs=${waitMs}`)
  if (!wait || reach.missing.length === 0) return session.note(reachText(reach))
  throw new SkeinError('timeout', `written, but after ${longWaitMs / 1000} s ${reachText(reach)}; see: skein status`)
}

function reachText({ have, missing, unreachable }: WriteJson): string {
  const total = have.length + missing.length + unreachable.length
  const notYet = missing.length > 0 ? `; not yet: ${missing.join(', ')}` : ''
  const away = unreachable.length > 0 ? `; out of reach: ${unreachable.join(', ')}` : ''
  return `${have.length} of ${total} members have it${notYet}${away}`
}

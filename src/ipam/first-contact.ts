/** R8: an old copy of a data directory does not know that it is one; whoever it meets does. */
import { type Clock, sleep } from '../lib/clock.ts'
import type { Transport } from '../mesh/transport.ts'
import type { Replica } from '../replica/replica.ts'

/** So long a starting peer looks for a member that knows better, ms; then it is alone and goes on. */
const contactLimitMs = 3000
const pauseMs = 50

export interface FirstContactDeps {
  replica: Replica
  transport: Pick<Transport, 'connected'>
  clock: Clock
}

/** Resolves when a member was synchronised with, there is none to meet, or the time is over. */
export async function firstContact({ replica, transport, clock }: FirstContactDeps): Promise<void> {
  let met = replica.syncStatus().some(({ lastSyncMs }) => lastSyncMs !== undefined)
  replica.onShown(() => {
    met = true
  })
  const endMs = clock.monotonic() + contactLimitMs
  const isAlone = () => replica.view.members().every(member => member.key === replica.self)
  for (let leftMs = contactLimitMs; !met && !isAlone() && !replica.fenced && leftMs > 0; ) {
    if (transport.connected().length > 0) await replica.syncNow(leftMs)
    if (!met) await sleep(clock, pauseMs)
    leftMs = endMs - clock.monotonic()
  }
}

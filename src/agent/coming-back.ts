/** A host whose data directory was rolled back comes back under a new key, in the place of the old one (R8). */
import { networkInterfaces } from 'node:os'
import type { Config } from '../config/parse.ts'
import { machineOf } from '../crdt/identity.ts'
import { sleep, systemClock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import { newSeed, signerOf } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Disk } from '../store/disk.ts'
import { type Identity, readComingBack, writeComingBack, writeIdentity } from './identity.ts'
import type { Parts } from './parts.ts'

/** A fenced peer ends its connections now and then, so that it is not hidden from a member by another machine with its key: they are back within this, ms. */
const connectMs = 3_000

/**
 * Resolves with the new identity, which is on disk then. Throws why this host need not, or must not, come back so; what a member
 * refuses it with; `unavailable` when none is within reach. It may be called again, and asks with the same key.
 */
export async function comeBack(
  config: Config,
  disk: Disk,
  identity: Identity,
  { replica, rejoining }: Pick<Parts, 'replica' | 'rejoining'>,
  log: Logger,
): Promise<Identity> {
  const { view, self, fenced, maySucceed } = replica
  if (!fenced) throw new SkeinError('conflict', 'this host works as it is and need not come back: see skein status')
  const begun = await readComingBack(disk, text => log.warn({ err: text }, 'damage on the disk'))
  const isBegun = begun !== undefined && view.succeededBy(self) === signerOf(begun).key
  if (!maySucceed && !isBegun) throw fenced
  const seed = begun ?? newSeed()
  await writeComingBack(disk, seed)
  const { name, listen, machineId } = config
  const successor = {
    ...{ signer: signerOf(seed), name, addresses: [`${listen.address}:${listen.port}`] },
    ...{ places: ownAddresses(), machine: machineOf(identity.meshId, machineId) },
  }
  const introductions = await whileApart(() => rejoining.succeed(signerOf(identity.seed), successor)).catch(
    async error => {
      // what is refused now may be asked with another key later
      if (error instanceof SkeinError && error.code === 'forbidden') await writeComingBack(disk, undefined)
      throw error
    },
  )
  const next = { seed, meshId: identity.meshId, nonce: '', introductions, former: identity.former }
  await writeIdentity(disk, next)
  await replica.seal()
  await writeComingBack(disk, undefined)
  return next
}

/** Asks again as long as no member answers: a connection may end while one is asked, too. The last error, where none does in time. */
async function whileApart<T>(ask: () => Promise<T>): Promise<T> {
  const end = systemClock.monotonic() + connectMs
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isOver = systemClock.monotonic() >= end
      if (isOver || !(error instanceof SkeinError) || error.code !== 'unavailable') throw error
      await sleep(systemClock, 50)
    }
  }
}

/** IPv4, dotted. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  return all.flatMap(({ family, address }) => (family === 'IPv4' ? [address] : []))
}

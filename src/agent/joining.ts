/** Becoming a member of another peer's mesh with a token. */
import '../polyfills.ts'
import type { Config } from '../config/parse.ts'
import { sleep, systemClock } from '../lib/clock.ts'
import { type ErrorCode, errorText, SkeinError } from '../lib/errors.ts'
import { newSeed, type PeerKey, signerOf } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { createRequestJoin } from '../mesh/join.ts'
import { decodeToken } from '../mesh/token.ts'
import { joinMesh } from '../replica/join.ts'
import type { Disk } from '../store/disk.ts'
import { type Identity, maxFormer, readJoining, writeIdentity, writeJoining } from './identity.ts'

/** Deadline of one attempt, ms. */
const attemptMs = 8000
/** Between attempts while the issuer does not answer, ms. */
const retryMs = 2000
/** With these an issuer refuses. Whatever else comes of an attempt, it may have admitted this peer, and answers it again under the same key. */
const refusals: readonly ErrorCode[] = ['forbidden', 'invalid']

/**
 * Joins with the token, durably: the identity on disk is the new one when this resolves. With `patient`, an issuer that
 * does not answer is asked again and again; a refusal is final.
 *
 * @param before the present mesh, and what `Identity.former` is to be if that is joined again
 */
export async function join(
  config: Config,
  disk: Disk,
  token: string,
  log: Logger,
  patience: { patient: boolean; stopped?: () => boolean },
  before?: { meshId: string; former: readonly PeerKey[] },
): Promise<Identity> {
  const invitation = decodeToken(token)
  const found = await readJoining(disk, text => log.warn({ err: text }, 'damage on the disk'))
  const begun = found?.token === token ? found : undefined
  const seed = begun?.seed ?? newSeed()
  const former = before?.meshId === invitation.meshId ? before.former.slice(0, maxFormer) : (begun?.former ?? [])
  await writeJoining(disk, { seed, token, former })
  const self = { name: config.name, addresses: [`${config.listen.address}:${config.listen.port}`] }
  const requestJoin = createRequestJoin({ clock: systemClock })
  for (;;) {
    try {
      const introductions = await joinMesh(requestJoin, invitation, signerOf(seed), self, attemptMs)
      const identity = { seed, meshId: invitation.meshId, nonce: '', introductions, former }
      await writeIdentity(disk, identity)
      await writeJoining(disk, undefined)
      log.info({ meshId: identity.meshId, via: invitation.addresses }, 'joined')
      return identity
    } catch (error) {
      const isRefused = error instanceof SkeinError && refusals.includes(error.code)
      if (isRefused) await writeJoining(disk, undefined)
      if (isRefused || !(error instanceof SkeinError) || !patience.patient || patience.stopped?.()) throw error
      log.warn({ via: invitation.addresses, err: errorText(error) }, 'cannot join yet; trying again')
      await sleep(systemClock, retryMs)
    }
  }
}

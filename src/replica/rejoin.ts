/**
 * Succession (R8): a host whose data directory was rolled back comes back under a new key, which the old key signs in. Any member
 * within reach admits it; all judge it by the same records (src/crdt/successions.ts). The members also say where they see the
 * old key: one that two machines run with gets no successor.
 */
import type { Verify } from '../crdt/batch.ts'
import { joinProof, successionProof } from '../crdt/identity.ts'
import { knownLeaf } from '../crdt/known.ts'
import type { AdmissionLeaf, Leaf } from '../crdt/leaves.ts'
import { contentName } from '../crdt/registry.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Mesh } from '../mesh/transport.ts'
import { requireMembership } from './admission.ts'
import { encodeJoinReply, type Introductions, introductionsIn } from './join.ts'
import {
  decodePlaces,
  decodePlacesQuestion,
  decodeRejoin,
  encodePlaces,
  encodePlacesQuestion,
  encodeRejoin,
  placesProtocol,
  type RejoinRequest,
  rejoinProtocol,
} from './rejoin-messages.ts'
import type { Replica } from './replica.ts'

const requestLimitMs = 5000
/** A member that is asked where it sees a key looks at its connections, ms. */
const placesLimitMs = 1000

export interface RejoinDeps {
  replica: Replica
  mesh: Pick<Mesh, 'connected' | 'request' | 'handle' | 'placesOf'>
  verify: Verify
  log: Logger
}

/** What a host asks with; its key and proofs are made by `signer`, the new one. */
export interface Successor extends Omit<RejoinRequest, 'key' | 'proof' | 'succession'> {
  signer: Signer
}

export interface RejoinService {
  /**
   * Has a member admit the new key in the place of `former`, this peer's. Resolves with members to connect to. Throws the reason of a
   * member that refuses, `unavailable` when none is within reach.
   */
  succeed(former: Signer, successor: Successor): Promise<Introductions>
}

/** Answers members from now on. */
export function createRejoinService(deps: RejoinDeps): RejoinService {
  const { replica, mesh, verify, log } = deps

  mesh.handle(placesProtocol, async (_, question) => encodePlaces(mesh.placesOf(decodePlacesQuestion(question))))

  mesh.handle(rejoinProtocol, async (from, bytes) => {
    const request = decodeRejoin(bytes)
    const { view } = replica
    // no judgement of the request: another member may let it come back
    if (replica.fenced) throw new SkeinError('unavailable', 'it is fenced itself')
    if (!replica.isComplete)
      throw new SkeinError('unavailable', 'it has just joined, and does not know all members yet')
    try {
      if (
        !verify(request.key, joinProof(view.meshId, from, request.name), request.proof) ||
        !verify(from, successionProof(view.meshId, from, request.key, request.name), request.succession)
      ) {
        throw new SkeinError('forbidden', 'the request is not signed by the former and the new key')
      }
      checkSuccessor(view, from, request)
      await refuseTwin(deps, from, request)
      await replica.write(view => admit(view, replica.self, from, request))
    } catch (error) {
      log.warn({ peer: from, name: request.name, err: errorText(error) }, 'succession refused')
      throw error
    }
    log.info({ former: from, key: request.key, name: request.name }, 'admitted in the place of its former key')
    return encodeJoinReply(replica.view.members())
  })

  return {
    async succeed(former, { signer, ...self }) {
      const { meshId } = replica.view
      const proof = signer.sign(joinProof(meshId, former.key, self.name))
      const succession = former.sign(successionProof(meshId, former.key, signer.key, self.name))
      const request = encodeRejoin({ ...self, key: signer.key, proof, succession })
      let reason = 'none is within reach: see skein peer ls'
      for (const member of mesh.connected()) {
        try {
          return introductionsIn(await mesh.request(member, rejoinProtocol, request, requestLimitMs))
        } catch (error) {
          // a member that knows better speaks for all
          if (error instanceof SkeinError && error.code === 'forbidden') throw error
          reason = `${replica.view.everMember(member)?.name ?? member.slice(0, 12)}: ${errorText(error)}`
        }
      }
      throw new SkeinError('unavailable', `no member lets this host come back (${reason}): try again`)
    },
  }
}

const joinInstead = 'run skein peer invite on another host, and here: skein join TOKEN'

/** Throws the reason why `former` gets no successor, or not this one. */
function checkSuccessor(view: RegistryView, former: PeerKey, { key: next, machine }: RejoinRequest): void {
  const member = view.member(former)
  if (!member) throw new SkeinError('forbidden', `this host was removed from its mesh: ${joinInstead}`)
  const others = view.successions().filter(each => each.former === former && each.key !== next)
  if (others.some(each => view.member(each.key))) {
    throw new SkeinError('forbidden', `a host has come back in the place of this key already: ${joinInstead}`)
  }
  if (machine !== '' && member.machine !== '' && machine !== member.machine) {
    throw new SkeinError('forbidden', `this data directory was copied from another machine: ${joinInstead}`)
  }
  const known = view.everMember(next)
  if (known && known.succeeds !== former) throw new SkeinError('forbidden', 'the new key is that of a member')
}

/** Throws if a member sees the key at a place that is not the asking machine's. */
async function refuseTwin({ replica, mesh }: RejoinDeps, former: PeerKey, { places }: RejoinRequest): Promise<void> {
  const question = encodePlacesQuestion(former)
  const others = mesh.connected().filter(member => member !== former)
  const answers = others.map(async member => {
    // who does not answer has nothing to say against it
    const answer = await mesh.request(member, placesProtocol, question, placesLimitMs).catch(() => undefined)
    return answer ? decodePlaces(answer) : []
  })
  const seen = [...mesh.placesOf(former), ...(await Promise.all(answers)).flat()]
  const other = seen.find(place => !places.includes(place))
  if (other === undefined) return
  const name = replica.view.everMember(former)?.name ?? former.slice(0, 12)
  const text = `another machine, at ${other}, runs with the key of ${name}`
  throw new SkeinError('forbidden', `${text}: on each of the two: skein join TOKEN, with one of skein peer invite`)
}

/** The leaves that admit it; none if it is admitted already (the reply got lost). Throws the reason for refusing. */
function admit(view: RegistryView, self: PeerKey, former: PeerKey, request: RejoinRequest): readonly Leaf[] {
  requireMembership(view, self)
  checkSuccessor(view, former, request)
  if (view.everMember(request.key)) return []
  const known = knownLeaf(view)
  const hash = contentName(known)
  const admission: AdmissionLeaf = {
    ...{ kind: 'admission', key: request.key, name: request.name, addresses: request.addresses },
    ...{ invitation: former, proof: request.succession, known: hash },
  }
  return view.hasContent(hash) ? [admission] : [known, admission]
}

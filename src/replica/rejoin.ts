/**
 * Succession (R8): a host whose data directory was rolled back comes back under a new key, which the old key signs in. Any member
 * within reach admits it; all judge it by the same records (src/crdt/successions.ts). The members also say where they see the
 * old key: one that two machines run with gets no successor.
 */
import type { Verify } from '../crdt/batch.ts'
import { joinProof, successionProof } from '../crdt/identity.ts'
import { knownLeaf } from '../crdt/known.ts'
import type { AdmissionLeaf, Leaf } from '../crdt/leaves.ts'
import { addresses, bytes, bytesOf, hex, key, list, text } from '../crdt/plain.ts'
import { contentName } from '../crdt/registry.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { decode, encode, type Plain } from '../lib/cbor.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { PeerKey, Signer } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import type { Mesh } from '../mesh/transport.ts'
import { requireMembership } from './admission.ts'
import { encodeJoinReply, type Introductions, introductionsIn } from './join.ts'
import type { Replica } from './replica.ts'

const rejoinProtocol = '/skein/rejoin/1'
/** Where a key was seen lately. */
const placesProtocol = '/skein/places/1'

const version = 1
const maxRequestBytes = 8 * 1024
const requestLimitMs = 5000
/** A member that is asked where it sees a key looks at its connections, ms. */
const placesLimitMs = 1000
/** Addresses of one machine; places of one key. */
const maxPlaces = 64

export interface RejoinDeps {
  replica: Replica
  mesh: Pick<Mesh, 'connected' | 'request' | 'handle' | 'placesOf'>
  verify: Verify
  log: Logger
}

export interface Successor {
  /** The new key. */
  signer: Signer
  name: string
  /** Where its mesh listens: `ADDR:PORT`. */
  addresses: readonly string[]
  /** All addresses of this machine, dotted. */
  places: readonly string[]
  /** As `machineOf` has it; '' if it is not known. */
  machine: string
}

export interface RejoinService {
  /**
   * Has a member admit the new key in the place of `former`, this peer's. Resolves with members to connect to. Throws the reason of a
   * member that refuses, `unavailable` when none is within reach.
   */
  succeed(former: Signer, successor: Successor): Promise<Introductions>
}

interface Request extends Omit<Successor, 'signer'> {
  key: PeerKey
  /** By the new key: it means this mesh and this predecessor. */
  proof: Uint8Array
  /** By the former key; goes into the admission. */
  succession: Uint8Array
}

/** Answers members from now on. */
export function createRejoinService(deps: RejoinDeps): RejoinService {
  const { replica, mesh, verify, log } = deps

  mesh.handle(placesProtocol, async (_, request) => {
    const message = decode(request, maxRequestBytes)
    const asked = Array.isArray(message) && message[0] === version ? key(message[1]) : undefined
    if (!asked) throw new SkeinError('invalid', 'malformed question for the places of a member')
    return encode([version, mesh.placesOf(asked).slice(0, maxPlaces)])
  })

  mesh.handle(rejoinProtocol, async (from, bytes) => {
    const request = decodeRequest(bytes)
    const { view } = replica
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
      const request = encodeRequest({ ...self, key: signer.key, proof, succession })
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
function checkSuccessor(view: RegistryView, former: PeerKey, { key: next, machine }: Request): void {
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
async function refuseTwin({ replica, mesh }: RejoinDeps, former: PeerKey, { places }: Request): Promise<void> {
  const question = encode([version, bytesOf(former)])
  const others = mesh.connected().filter(member => member !== former)
  const answers = others.map(async member => {
    // who does not answer has nothing to say against it
    const answer = await mesh.request(member, placesProtocol, question, placesLimitMs).catch(() => undefined)
    return answer ? placesIn(answer) : []
  })
  const seen = [...mesh.placesOf(former), ...(await Promise.all(answers)).flat()]
  const other = seen.find(place => !places.includes(place))
  if (other === undefined) return
  const name = replica.view.everMember(former)?.name ?? former.slice(0, 12)
  const text = `another machine, at ${other}, runs with the key of ${name}`
  throw new SkeinError('forbidden', `${text}: on each of the two: skein join TOKEN, with one of skein peer invite`)
}

/** The leaves that admit it; none if it is admitted already (the reply got lost). Throws the reason for refusing. */
function admit(view: RegistryView, self: PeerKey, former: PeerKey, request: Request): readonly Leaf[] {
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

function encodeRequest({ key: next, name, addresses, places, machine, proof, succession }: Request): Uint8Array {
  return encode([
    version,
    bytesOf(next),
    name,
    addresses,
    places.slice(0, maxPlaces),
    bytesOf(machine),
    proof,
    succession,
  ])
}

function decodeRequest(message: Uint8Array): Request {
  const fields = decode(message, maxRequestBytes)
  const [format, ...rest] = Array.isArray(fields) ? fields : []
  const next = key(rest[0])
  const name = text(rest[1], 253)
  const listen = addresses(rest[2])
  const places = placeList(rest[3])
  const machine = hex(rest[4], 16) ?? hex(rest[4], 0)
  const [proof, succession] = [bytes(rest[5], 64), bytes(rest[6], 64)]
  if (format !== version || !next || !name || !listen || !places || machine === undefined || !proof || !succession) {
    throw new SkeinError('invalid', 'malformed request to come back; both sides need the same version of skeind')
  }
  return { key: next, name, addresses: listen, places, machine, proof, succession }
}

function placesIn(answer: Uint8Array): string[] {
  const message = decode(answer, maxRequestBytes)
  return (Array.isArray(message) && message[0] === version ? placeList(message[1]) : undefined) ?? []
}

function placeList(value: Plain | undefined): string[] | undefined {
  return list(value, maxPlaces, item => text(item, 64))
}

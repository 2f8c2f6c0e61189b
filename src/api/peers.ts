/** Members of the mesh, invitations and joining. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { maxTargets } from '../crdt/leaves.ts'
import type { Member, Removal } from '../crdt/registry-view.ts'
import { aimsAt, isOpen } from '../crdt/removal-readings.ts'
import { SkeinError } from '../lib/errors.ts'
import type { PeerKey } from '../lib/keys.ts'
import type { ApiDeps } from './deps.ts'
import { checkBody } from './reply.ts'
import type { InviteJson, JoinJson, PeerDrainJson, PeerJson, RejoinJson } from './types.ts'

const minuteMs = 60_000

/** An invitation is good for an hour unless said otherwise, for 30 days at most: it is a secret that lets a host in. */
const defaultTtlMs = 60 * minuteMs
const maxTtlMs = 30 * 24 * 60 * minuteMs

/** As many hosts as one token may let in, by the format of its record. */
const maxUses = 10_000

const inviteBody = z.strictObject({
  ttlMs: z.number().int().min(1000).max(maxTtlMs).default(defaultTtlMs),
  uses: z.number().int().min(1).max(maxUses).default(1),
})
const removeBody = z
  .strictObject({
    peers: z.array(z.string().min(1).max(253)).min(1).max(maxTargets),
    cancel: z.boolean().default(false),
    hostIsDown: z.boolean().default(false),
    keyIsLost: z.boolean().default(false),
    andWhoJoined: z.boolean().default(false),
  })
  .refine(body => !(body.cancel && (body.hostIsDown || body.keyIsLost)), '--cancel goes alone')
  .refine(body => !(body.hostIsDown && body.keyIsLost), 'either --host-is-down or --key-is-lost')
  .refine(
    body => body.hostIsDown || body.keyIsLost || !body.andWhoJoined,
    '--and-who-joined-through-it goes with --host-is-down or --key-is-lost',
  )
/** One step of a drain; whoever wants all of it asks again. */
const drainStepMs = 5000

/** Who has joined hears of the members with the first records, within a moment. */
const membersKnownMs = 5000

const joinBody = z.strictObject({ token: z.string().min(1).max(4096) })

export function addPeerRoutes(app: FastifyInstance, deps: () => ApiDeps): void {
  app.get('/api/v1/peers', (): PeerJson[] => {
    const connected = new Set(deps().connected())
    return deps()
      .replica.view.members()
      .map(member => peerJson(deps(), member, connected.has(member.key)))
      .concat(removed(deps()))
  })
  app.post('/api/v1/peers/remove', async (request): Promise<PeerJson[]> => {
    const body = checkBody(removeBody, request.body)
    const { removal, replica } = deps()
    const targets = [...new Set(body.peers.map(text => targetOf(deps(), text)))]
    const isGone = (key: string) => replica.view.member(key) === undefined
    const claim = body.keyIsLost ? 'lost' : 'off'
    const isAsserted = body.hostIsDown || body.keyIsLost
    if (body.cancel) await removal.cancel(targets)
    // nobody else may end what one of them started
    else if (isAsserted && targets.every(key => isGone(key) || pendingOf(deps(), key, targets))) {
      await removal.assertDown(targets, claim)
    } else {
      const gone = targets.find(isGone)
      if (gone) throw new SkeinError('conflict', `${nameFor(deps(), gone)} was removed already: see skein peer ls`)
      await removal.start(targets, body.andWhoJoined ? 2 : isAsserted ? 1 : 0, claim)
    }
    const all = [...replica.view.members().map(member => peerJson(deps(), member, false)), ...removed(deps())]
    return all.filter(({ key }) => targets.includes(key))
  })
  app.post('/api/v1/peers/invite', async (request): Promise<InviteJson> => {
    const { ttlMs, uses } = checkBody(inviteBody, request.body)
    return { token: await deps().admission.invite(ttlMs, uses) }
  })
  app.post('/api/v1/peers/drain', async (): Promise<PeerDrainJson> => {
    const { ipam, nameOf } = deps()
    const { to, waitingFor, ...counts } = await ipam.drain(drainStepMs)
    return { ...counts, to: to.map(nameOf), waitingFor: waitingFor.map(nameOf) }
  })
  app.post('/api/v1/peers/leave', async (): Promise<JoinJson> => {
    await deps().admission.leave()
    const { view } = deps().replica
    return { meshId: view.meshId, members: view.members().length }
  })
  app.post('/api/v1/peers/rejoin', async (): Promise<RejoinJson> => {
    const former = deps().replica.self
    await deps().admission.rejoin()
    const { view, self } = deps().replica
    return { meshId: view.meshId, members: view.members().length, key: self, former }
  })
  app.post('/api/v1/join', async (request): Promise<JoinJson> => {
    await deps().admission.join(checkBody(joinBody, request.body).token.trim())
    const { replica } = deps()
    // it is a member from now on whether it knows the others yet or not
    await replica.waitFor(known => known.member(replica.self) !== undefined, membersKnownMs).catch(() => {})
    const { view } = replica
    return { meshId: view.meshId, members: view.members().length }
  })
}

/** The peer of a name or of the beginning of a key; also one that was removed. Throws `not-found` or `conflict`. */
function targetOf({ replica: { view } }: ApiDeps, text: string): PeerKey {
  const gone = view.removals().flatMap(({ targets }) => targets.flatMap(({ key }) => view.everMember(key) ?? []))
  const all = new Map([...gone, ...view.members()].map(member => [member.key, member]))
  const named = [...all.values()].filter(({ name }) => name === text)
  // a host that came back under its old name is meant, not its former key
  const present = named.filter(({ key }) => view.member(key))
  const byName = present.length > 0 ? present : named
  const found =
    byName.length > 0 ? byName : [...all.values()].filter(({ key }) => text.length >= 8 && key.startsWith(text))
  const [only, other] = found
  if (!only) throw new SkeinError('not-found', `no host is called ${JSON.stringify(text)}: see skein peer ls`)
  if (other) throw new SkeinError('conflict', `several hosts are called ${text}: give the key, see skein peer ls`)
  return only.key
}

function nameFor({ replica }: ApiDeps, key: PeerKey): string {
  return replica.view.everMember(key)?.name ?? key.slice(0, 8)
}

/** The removal of it that is under way, by none of the others. */
function pendingOf({ replica }: ApiDeps, key: PeerKey, others: readonly PeerKey[] = []): Removal | undefined {
  const open = replica.view.removals().filter(removal => isOpen(removal) && aimsAt(removal, key))
  return open.find(({ starter }) => !others.includes(starter))
}

function removed(deps: ApiDeps): PeerJson[] {
  const { view } = deps.replica
  return view
    .removals()
    .filter(({ outcome }) => outcome === 'effective')
    .flatMap(removal =>
      removal.targets.flatMap(({ key }) => {
        const member = view.everMember(key)
        const state = removal.assertedAt ? ('removed' as const) : ('quarantined' as const)
        const startedOn = nameFor(deps, removal.starter)
        return member ? [{ ...peerJson(deps, member, false), removal: { state, startedOn, waitingFor: [] } }] : []
      }),
    )
}

function removalJson(deps: ApiDeps, key: PeerKey): Pick<PeerJson, 'removal'> {
  const removal = pendingOf(deps, key)
  if (!removal) return {}
  const waitingFor = removal.waitingFor.map(each => nameFor(deps, each)).sort()
  return { removal: { state: 'pending', startedOn: nameFor(deps, removal.starter), waitingFor } }
}

function peerJson(deps: ApiDeps, member: Member, connected: boolean): PeerJson {
  const { replica, nameOf } = deps
  return {
    name: member.name,
    key: member.key,
    self: member.key === replica.self,
    settled: member.settled,
    waitingFor: member.waitingFor.map(nameOf),
    addresses: [...member.addresses],
    vtepAddress: member.vtepAddress,
    admittedBy: member.admittedBy === undefined ? '' : nameOf(member.admittedBy),
    succeeds: member.succeeds ?? '',
    connected,
    ...removalJson(deps, member.key),
  }
}

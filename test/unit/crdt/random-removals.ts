/** Random histories of hosts that remove each other, join, give blocks and write on, each on what it has heard so far. */
import fc from 'fast-check'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { Batch } from '../../../src/crdt/batch.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { knownLeaf } from '../../../src/crdt/known.ts'
import type { Assertion, Leaf } from '../../../src/crdt/leaves.ts'
import { contentName, Registry } from '../../../src/crdt/registry.ts'
import { owedRemovalLeaves } from '../../../src/crdt/removal-duty.ts'
import { startRemovalLeaves } from '../../../src/crdt/removal-start.ts'
import { verifySignature } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { signerAt, World, type Writer } from './writer.ts'

const settled = 4
/** Who is settled at the start, and who may join. */
export const peerCount = 5

export interface RemovalStep {
  writer: number
  kind: number
  pick: number
}

export const removalSteps = fc.array(
  fc.record(
    { writer: fc.integer({ min: 1, max: peerCount }), kind: fc.nat(99), pick: fc.nat(23) },
    { noNullPrototype: true },
  ),
  { minLength: 6, maxLength: 30 },
)

/** One host: its own registry, which has heard a beginning of each chain. */
export interface Actor {
  readonly writer: Writer
  readonly view: Registry
  readonly heard: number[]
}

type Act = (actor: Actor, pick: number, play: Play) => readonly Leaf[]

const pickOf = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)]

/** What a host may do and does by the rules, and what only a faulty one would. */
const lawful: readonly Act[] = [
  ...[0, 1].map(
    (): Act =>
      ({ view, writer }, pick, { keys }) =>
        startRemovalLeaves(view, writer.key, targetsOf(keys, writer, pick), (pick % 3) as Assertion),
  ),
  ...[0, 1, 2, 3].map(
    (): Act =>
      ({ view, writer }) =>
        owedRemovalLeaves(view, writer.key),
  ),
  ({ view, writer }, pick) => {
    const open = view
      .removals()
      .filter(each => each.starter === writer.key && !each.end && each.outcome === 'undecided')
    const removal = pickOf(open, pick)
    return removal ? [{ kind: 'removal-end', removal: removal.dot, effective: false, acks: [], cut: [] }] : []
  },
  ({ view }, pick) => {
    const removal = pickOf(
      view.removals().filter(({ outcome }) => outcome !== 'cancelled'),
      pick,
    )
    return removal ? [{ kind: 'host-down', removal: removal.dot }] : []
  },
  ...[0, 1].map(
    (): Act =>
      ({ view, writer }, pick, { network, keys }) => {
        const own = Array.from({ length: view.blockCount(network) }, (_, i) => i).filter(index => {
          const block = view.block(network, index)
          return block?.owner === writer.key && !block.quarantined
        })
        const index = pickOf(own, pick)
        const to = pickOf(keys, pick >> 2) ?? writer.key
        return index === undefined ? [] : [transferLeaf(view, writer.signer, network, index, to, writer.next)]
      },
  ),
  ...[0, 1].map(
    (): Act =>
      ({ writer }) => [{ kind: 'tenant', name: tenantOf(writer.key, writer.next) }],
  ),
  ({ writer }, pick, { network }) => [
    {
      kind: 'endpoint',
      id: `e${pick % 2}`,
      network,
      ip: 0x0a010000 + pick,
      mac: '02:02:0a:01:00:01',
      container: '',
      containerName: writer.key.slice(0, 4),
    },
  ],
  ({ view, writer }, _, { world }) => {
    const newcomer = world.at(peerCount)
    if (view.everMember(newcomer.key)) return []
    const invitation = signerAt(100 + writer.next)
    const known = knownLeaf(view)
    const leaf = world.admission(newcomer.key, 'late', invitation, known)
    return [{ kind: 'invitation', invitation: invitation.key, expiresMs: 5000, uses: 1 }, known, leaf]
  },
  ({ view, writer }) => {
    const admission = view
      .admissions()
      .find(({ key, ackedBy }) => key !== writer.key && !ackedBy.some(ack => ack.key === writer.key))
    const known = knownLeaf(view)
    return admission ? [known, { kind: 'ack', admission: admission.dot, known: contentName(known) }] : []
  },
  ({ view, writer }) => {
    const admission = view.admissions().find(({ key }) => key === writer.key)
    const acks = admission ? view.majorityFor(admission.dot) : undefined
    return admission && acks ? [{ kind: 'settled', admission: admission.dot, acks }] : []
  },
]

const faulty: readonly Act[] = [
  ({ view, writer }, pick, { keys }) => {
    const known = knownLeaf(view)
    const targets = targetsOf(keys, writer, pick).map(key => ({ key, heir: writer.key, counter: view.held(key) }))
    return [known, { kind: 'removal', targets, assertion: (pick % 3) as Assertion, known: contentName(known) }]
  },
  ({ view }, pick) => {
    const removal = pickOf(view.removals(), pick)
    const known = knownLeaf(view)
    if (!removal) return []
    const counters = removal.targets.map(({ key }) => Math.max(0, view.held(key) - (pick % 3)))
    return [known, { kind: 'removal-ack', removal: removal.dot, counters, known: contentName(known) }]
  },
  ({ view }, pick) => {
    const removal = pickOf(view.removals(), pick)
    if (!removal) return []
    const cut = removal.targets.map(({ counter }) => counter + (pick % 3) - 1)
    const { acks } = removal.complete ?? { acks: [] }
    return [
      { kind: 'removal-end', removal: removal.dot, effective: pick % 2 === 0, acks, cut: cut.map(n => Math.max(0, n)) },
    ]
  },
]

/** The name of the tenant that a writer made with this counter: it tells whether that record counts. */
export function tenantOf(key: string, counter: number): string {
  return `t${key.slice(0, 6)}-${counter}`
}

function targetsOf(keys: readonly string[], writer: Writer, pick: number): string[] {
  const others = keys.filter(key => key !== writer.key)
  const first = pickOf(others, pick) ?? ''
  const second = pickOf(others, pick >> 2) ?? ''
  return pick % 5 === 0 && second !== first ? [first, second] : [first]
}

export interface Play {
  readonly world: World
  readonly keys: readonly string[]
  readonly network: string
  readonly actors: readonly Actor[]
  readonly chains: readonly (readonly Batch[])[]
}

/**
 * Plays the steps; in each a host hears something, of one or of all, and does something.
 *
 * @param watch called whenever a host has heard a batch
 */
export function playRemovals(
  list: readonly RemovalStep[],
  withFaults: boolean,
  watch: (actor: Actor) => void = () => {},
): Play {
  const world = new World(peerCount)
  for (let newcomer = 2; newcomer <= settled; newcomer++) {
    const admission = world.admit(1, newcomer)
    const acks = Array.from({ length: newcomer - 2 }, (_, i) => world.ack(i + 2, admission))
    world.settle(newcomer, admission, acks)
  }
  const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.0.0/28' })
  const base = world.all
  world.at(1).write(createNetworkLeaves(base, { tenant: 'default', name: 'web', spec }))
  const network = world.all.networks()[0]?.id ?? ''
  const actors = world.writers.map(writer => {
    const view = new Registry(world.meshId, verifySignature, { self: writer.key })
    return { writer, view, heard: world.writers.map(() => 0) }
  })
  const chains = world.writers.map(writer => writer.batches)
  const play: Play = { world, keys: world.writers.map(({ key }) => key), network, actors, chains }
  for (const actor of actors) hear(actor, chains, () => true, watch)
  const acts = withFaults ? [...lawful, ...faulty] : lawful
  const write = (actor: Actor, leaves: readonly Leaf[], pick: number, kind = 0) => {
    if (leaves.length > 0) actor.writer.write(leaves, [2000 + pick, kind])
    hear(actor, chains, i => world.writers[i] === actor.writer, watch)
  }
  const owe = (actor: Actor, pick: number) => write(actor, owedRemovalLeaves(actor.view, actor.writer.key), pick)
  for (const { writer, kind, pick } of list) {
    const actor = actors[writer - 1] as Actor
    const only = pick % (peerCount + 3)
    hear(actor, chains, i => only >= peerCount || i === only, watch)
    if (!withFaults && !actor.view.member(actor.writer.key)) continue
    write(actor, leavesOf(pickOf(acts, kind) as Act, actor, pick, play), pick, kind)
    if (pick % 4 > 0) owe(actor, pick)
  }
  // some histories come to rest, some end in the middle
  const rounds = (list[0]?.pick ?? 0) % 4
  for (let round = 0; round < rounds; round++) {
    for (const actor of actors) {
      hear(actor, chains, () => true, watch)
      owe(actor, 30 + round)
    }
  }
  return play
}

/** What a refused command leaves undone is part of the history, too. */
function leavesOf(act: Act, actor: Actor, pick: number, play: Play): readonly Leaf[] {
  try {
    return act(actor, pick, play)
  } catch {
    return []
  }
}

function hear(
  actor: Actor,
  chains: readonly (readonly Batch[])[],
  wanted: (writer: number) => boolean,
  watch: (actor: Actor) => void,
): void {
  chains.forEach((chain, i) => {
    if (!wanted(i)) return
    for (const batch of chain.slice(actor.heard[i] ?? 0)) {
      actor.view.apply(batch)
      watch(actor)
    }
    actor.heard[i] = chain.length
  })
}

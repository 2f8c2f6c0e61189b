/** I3 at rest: what was acknowledged and nothing can have ended is there, and what a deletion ended stays gone. */
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { type Dot, dotText } from '../../../src/crdt/vector.ts'
import type { NetworkId } from '../../../src/model/network.ts'
import { type Act, objectName } from '../act-objects.ts'
import type { Trusted } from '../promises.ts'
import type { World } from '../world.ts'
import { type Running, running, unseenBy } from './insiders.ts'

const kinds = ['network', 'tenant', 'group', 'policy', 'allow rule', 'deny rule', 'profile'] as const
export type MadeKind = (typeof kinds)[number]
export const madeKinds: readonly MadeKind[] = kinds

/** Something that acts made, as a view shows it. */
interface Made {
  readonly kind: MadeKind
  readonly object: string
  /** Acknowledged, and ended by nothing but what names them. */
  readonly acts: readonly Act[]
  /** Those in effect. */
  readonly living: readonly Dot[]
  /** Those that no deletion names. */
  readonly open: readonly Dot[]
}

export function checkPromises(world: World, one: Running, trusted: Trusted): void {
  const { promises } = world
  const { host } = one
  for (const { kind, object, acts, living, open } of madeIn(world, one)) {
    const shown = new Set(living.map(dotText))
    for (const act of acts) {
      if (!promises.mustLive(act, trusted)) continue
      world.count(`${kind} that must live`)
      if (promises.isSuspected(act.dot.writer)) world.count('act of a suspected writer that must live')
      if (!shown.has(dotText(act.dot))) {
        world.violate('I3', `${kind} ${act.text} (${object}, act ${dotText(act.dot)}) is lost on ${host.name}`)
      }
    }
    const back = open.find(dot => promises.isCovered(object, dot, trusted))
    if (back) world.violate('I3', `${object}: deleted act ${dotText(back)} is back on ${host.name}`)
  }
}

function* madeIn(world: World, one: Running): Generator<Made> {
  const { networks, tenants, objects } = world.promises
  const { view } = one.peer.replica
  for (const [id, acts] of networks) {
    const open = view.actsOf(id)
    const isLive = view.network(id)?.status === 'live'
    const judged = isRosterUnseen(world, id, one) ? [] : acts
    yield { kind: 'network', object: objectName.network(id), acts: judged, living: isLive ? open : [], open }
  }
  for (const [name, acts] of tenants) {
    const open = view.tenantActs(name)
    yield { kind: 'tenant', object: objectName.tenant(name), acts, living: view.hasTenant(name) ? open : [], open }
  }
  for (const [id, acts] of objects.groups) {
    const open = view.objects.groupActs(id)
    const isLive = view.objects.group(id)?.status === 'live'
    yield { kind: 'group', object: objectName.group(id), acts, living: isLive ? open : [], open }
  }
  for (const profile of objects.profiles.values()) {
    const { tenant, name } = profile
    const acts = profile.acts.filter(act => !objects.isReplaced(profile, act))
    const isAlive = view.objects.profile(tenant, name)?.alive
    yield {
      kind: 'profile',
      object: `${tenant}/${name}`,
      acts,
      living: isAlive ? acts.map(({ dot }) => dot) : [],
      open: [],
    }
  }
  yield* policiesIn(world, view)
}

/** A rule is judged where its policy is there for sure: as it lives, or by the rule, which no deletion of it saw. */
function* policiesIn({ promises }: World, view: RegistryView): Generator<Made> {
  const { objects } = promises
  for (const { tenant, name, acts, rules } of objects.policies.values()) {
    const open = view.objects.policyActs(tenant, name)
    const isAlive = view.objects.policy(tenant, name)?.alive
    yield { kind: 'policy', object: objectName.policy(tenant, name), acts, living: isAlive ? open : [], open }
    const isSure = acts.some(act => promises.mustLive(act))
    const isMade = acts.some(({ dot }) => !promises.isDoubted(dot.writer))
    const shown = view.objects.rules(tenant, name)
    for (const [id, writes] of rules) {
      const judged = writes.filter(
        rule => !objects.mayBeEndedUnseen(rule) && (isSure || (isMade && !objects.mayBeHidden(rule))),
      )
      const object = objectName.rule(tenant, name, id)
      const living = shown.flatMap(rule => (rule.id === id ? rule.acts : []))
      const of = (action: string) => judged.filter(({ leaf }) => leaf.value.action === action)
      yield { kind: 'allow rule', object, acts: of('allow'), living, open: view.objects.ruleActs(tenant, name, id) }
      yield { kind: 'deny rule', object, acts: of('deny'), living, open: [] }
    }
  }
}

/** It was made for somebody too whom this host does not see until a removal is decided (R9 b): it takes effect then. */
function isRosterUnseen(world: World, id: NetworkId, one: Running): boolean {
  const unseen = unseenBy(world, one)
  const rosters = running(world).map(({ peer }) => peer.replica.view.network(id)?.roster ?? [])
  return rosters.flat().some(key => unseen.has(key))
}

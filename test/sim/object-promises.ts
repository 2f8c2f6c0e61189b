/**
 * What users were told is done about groups, policies, rules and profiles, and what may have ended it (I3). Not all that ends a rule names it: a
 * removal of its id ends an allow that did not know it, and who creates a policy anew leaves the rules of its earlier life behind.
 */
import { groupIdOf, ruleHashOf } from '../../src/crdt/identity.ts'
import type { Leaf } from '../../src/crdt/leaves.ts'
import type { NetProfileLeaf, NetProfileRmLeaf, RuleLeaf, RuleRmLeaf } from '../../src/crdt/object-leaves.ts'
import type { Dot } from '../../src/crdt/vector.ts'
import type { GroupId } from '../../src/model/group.ts'
import { type Act, objectName } from './act-objects.ts'
import { listIn } from './list-in.ts'

export interface RuleAct extends Act {
  readonly leaf: RuleLeaf
}

export interface PolicyPromise {
  readonly tenant: string
  readonly name: string
  readonly acts: Act[]
  /** By id. */
  readonly rules: Map<string, RuleAct[]>
}

export interface ProfilePromise {
  readonly tenant: string
  readonly name: string
  readonly acts: Act[]
}

export class ObjectPromises {
  readonly groups = new Map<GroupId, Act[]>()
  readonly policies = new Map<string, PolicyPromise>()
  readonly profiles = new Map<string, ProfilePromise>()
  /** By policy: covers of rules that its creations left behind, or that its deletions took with them. */
  readonly #dropped = new Map<string, (readonly Dot[])[]>()
  readonly #hidden = new Map<string, (readonly Dot[])[]>()
  /** By rule; with its dot, once that is known. */
  readonly #removals = new Map<string, Map<RuleRmLeaf, Dot | undefined>>()
  readonly #profileWrites = new Map<string, (NetProfileLeaf | NetProfileRmLeaf)[]>()

  /** From now on it may take effect. */
  begun(leaf: Leaf): void {
    if (leaf.kind === 'policy') listIn(this.#dropped, keyOf(leaf.tenant, leaf.name)).push(leaf.dropped)
    if (leaf.kind === 'policy-rm') listIn(this.#hidden, keyOf(leaf.tenant, leaf.name)).push(leaf.rules)
    if (leaf.kind === 'rule-rm') this.#removalsOf(leaf).set(leaf, undefined)
    if (leaf.kind === 'netprofile' || leaf.kind === 'netprofile-rm') {
      listIn(this.#profileWrites, keyOf(leaf.tenant, leaf.name)).push(leaf)
    }
  }

  acknowledged(dot: Dot, leaf: Leaf): void {
    if (leaf.kind === 'group') {
      const id = groupIdOf(leaf)
      listIn(this.groups, id).push({ object: objectName.group(id), dot, text: `${leaf.tenant}/${leaf.name}` })
    }
    if (leaf.kind === 'policy') {
      const { tenant, name } = leaf
      const object = objectName.policy(tenant, name)
      this.#policyOf(tenant, name).acts.push({ object, dot, text: keyOf(tenant, name) })
    }
    if (leaf.kind === 'rule') this.#noteRule(dot, leaf)
    if (leaf.kind === 'rule-rm') this.#removalsOf(leaf).set(leaf, dot)
    if (leaf.kind === 'netprofile') {
      const { tenant, name } = leaf
      const key = keyOf(tenant, name)
      const known = this.profiles.get(key) ?? { tenant, name, acts: [] }
      this.profiles.set(key, known)
      known.acts.push({ object: `profile ${key}`, dot, text: key })
    }
  }

  /** True if something may have ended the rule that does not name it. */
  mayBeEndedUnseen({ dot, leaf }: RuleAct): boolean {
    const { tenant, policy, value } = leaf
    if (this.#dropped.get(keyOf(tenant, policy))?.some(cover => isIn(cover, dot))) return true
    if (value.action === 'deny') return false
    const hash = ruleHashOf(value)
    return [...this.#removalsOf(leaf)].some(([removal, at]) => {
      const isKnown = at !== undefined && isIn(leaf.removals, at)
      return (removal.value === '' || removal.value === hash) && !isKnown
    })
  }

  /** True if a deletion of its policy saw the rule: it goes with it. */
  mayBeHidden({ dot, leaf: { tenant, policy } }: RuleAct): boolean {
    return this.#hidden.get(keyOf(tenant, policy))?.some(cover => isIn(cover, dot)) ?? false
  }

  /** True if a later write, or a removal, took the place of this write of a profile. */
  isReplaced({ tenant, name }: ProfilePromise, { dot }: Act): boolean {
    const names = ({ seen, covers }: NetProfileLeaf | NetProfileRmLeaf) =>
      isIn(covers, dot) || seen.some(({ writer, counter }) => writer === dot.writer && counter === dot.counter)
    return this.#profileWrites.get(keyOf(tenant, name))?.some(names) ?? false
  }

  #noteRule(dot: Dot, leaf: RuleLeaf): void {
    const { tenant, policy, id } = leaf
    const object = objectName.rule(tenant, policy, id)
    const text = `${id} of ${keyOf(tenant, policy)}, ${leaf.value.action}`
    listIn(this.#policyOf(tenant, policy).rules, id).push({ object, dot, text, leaf })
  }

  #policyOf(tenant: string, name: string): PolicyPromise {
    const known = this.policies.get(keyOf(tenant, name)) ?? { tenant, name, acts: [], rules: new Map() }
    this.policies.set(keyOf(tenant, name), known)
    return known
  }

  #removalsOf({ tenant, policy, id }: RuleLeaf | RuleRmLeaf): Map<RuleRmLeaf, Dot | undefined> {
    const object = objectName.rule(tenant, policy, id)
    const known = this.#removals.get(object) ?? new Map<RuleRmLeaf, Dot | undefined>()
    this.#removals.set(object, known)
    return known
  }
}

function keyOf(tenant: string, name: string): string {
  return `${tenant}/${name}`
}

/** As `covers` reads it (src/crdt/covers.ts), but for the time: whoever is in doubt is let off. */
function isIn(cover: readonly Dot[], dot: Dot): boolean {
  return cover.some(({ writer, counter }) => writer === dot.writer && counter >= dot.counter)
}

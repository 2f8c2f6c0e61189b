/** I3: what was acknowledged survives the crash of its peer, and what was deleted stays deleted. */
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import { type Dot, dotText, type Vector } from '../../../src/crdt/vector.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { objectName } from '../act-objects.ts'
import type { Promises } from '../promises.ts'

interface Seen {
  readonly acts: Map<string, Dot>
  readonly gone: Map<string, Dot>
}

export class DurabilityCheck {
  readonly #promises: Promises
  /** Per host and object. */
  readonly #seen = new Map<string, Map<string, Seen>>()
  readonly #violate: (invariant: string, details: string) => void

  constructor(promises: Promises, violate: (invariant: string, details: string) => void) {
    this.#promises = promises
    this.#violate = violate
  }

  /** The peer has read its journal after a start. */
  returned(host: string, self: PeerKey, vector: Vector): void {
    // of a key that was given up, or copied, the counter may be that of another history
    const promised = this.#promises.isLost(self) ? 0 : (this.#promises.counters.get(self) ?? 0)
    const held = vector.get(self)?.[0]?.counter ?? 0
    if (held < promised) {
      this.#violate('I3', `${host} had acknowledged its writes up to ${promised}, after its restart it has ${held}`)
    }
    for (const [object, seen] of this.#seen.get(host) ?? []) {
      // of what it had seen deleted, only what it had itself acknowledged is sure to be on its disk
      for (const [text, dot] of seen.gone) {
        if (!this.#promises.isCoveredBy(self, object, dot)) seen.gone.delete(text)
      }
      seen.acts.clear()
    }
  }

  /** An older copy of the host's data was put back: what it had seen since, it has not seen. */
  forget(host: string): void {
    this.#seen.delete(host)
  }

  /** To be called after each change of the host's view: an act that a deletion covered stays covered. */
  look(host: string, view: RegistryView): void {
    for (const id of this.#promises.networks.keys()) this.#compare(host, objectName.network(id), view.actsOf(id))
    for (const name of this.#promises.tenants.keys())
      this.#compare(host, objectName.tenant(name), view.tenantActs(name))
    const { objects } = view
    const { groups, policies } = this.#promises.objects
    for (const id of groups.keys()) this.#compare(host, objectName.group(id), objects.groupActs(id))
    for (const { tenant, name, rules } of policies.values()) {
      this.#compare(host, objectName.policy(tenant, name), objects.policyActs(tenant, name))
      for (const id of rules.keys()) {
        this.#compare(host, objectName.rule(tenant, name, id), objects.ruleActs(tenant, name, id))
      }
    }
  }

  #compare(host: string, object: string, acts: readonly Dot[]): void {
    const ofHost = this.#seen.get(host) ?? new Map<string, Seen>()
    this.#seen.set(host, ofHost)
    const seen = ofHost.get(object) ?? { acts: new Map(), gone: new Map() }
    ofHost.set(object, seen)
    if (acts.length === 0 && seen.acts.size === 0) return
    const now = new Map(acts.map(dot => [dotText(dot), dot]))
    for (const [text, dot] of seen.acts) if (!now.has(text)) seen.gone.set(text, dot)
    for (const [text, dot] of now) {
      // a removal hides what was done, its end by a cancellation shows it again
      const mayReturn = this.#promises.mayComeBack(object, dot) || this.#promises.isDoubted(dot.writer)
      if (seen.gone.has(text) && !mayReturn)
        this.#violate('I3', `act ${text.slice(0, 8)}…:${dot.counter} of ${object} came back on ${host}`)
    }
    ofHost.set(object, { acts: now, gone: seen.gone })
  }
}

/** Three peers of which the first is split off: what it deletes while the others go on. */
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import type { EndpointLeaf, Leaf } from '../../../src/crdt/leaves.ts'
import type { Registry } from '../../../src/crdt/registry.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { sameVectors } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'

export type Build = (view: Registry, peer: MemoryPeer) => readonly Leaf[]

export class MergeRig {
  readonly hub = new MemoryHub()
  readonly peers: MemoryPeer[] = []

  async start(): Promise<this> {
    this.peers.push(await foundPeer(this.hub, 'host1'))
    for (const name of ['host2', 'host3']) {
      this.peers.push(await joinPeer(this.hub, name, this.at(1)))
      const isSettled = (view: MemoryPeer['replica']['view']) => view.members().every(member => member.settled)
      await Promise.all(
        this.peers.map(peer =>
          peer.replica.waitFor(v => v.members().length === this.peers.length && isSettled(v), 5000),
        ),
      )
    }
    await sameVectors(this.peers)
    return this
  }

  at(n: number): MemoryPeer {
    return this.peers[n - 1] as MemoryPeer
  }

  /** Of peer 1: what all say once they agree. */
  get view(): Registry {
    return this.at(1).replica.view as Registry
  }

  async write(n: number, ...builds: Build[]): Promise<void> {
    for (const build of builds) await this.at(n).replica.write(view => build(view as Registry, this.at(n)))
  }

  /** The builds of `before` on peer 1, seen by all; then those of each side of a split; then the heal. */
  async play(before: Build[], first: Build[], third: Build[]): Promise<void> {
    await this.write(1, ...before)
    await sameVectors(this.peers)
    this.hub.split([this.at(1).signer.key], [this.at(2).signer.key, this.at(3).signer.key])
    await this.write(1, ...first)
    await this.write(3, ...third)
    await sameVectors(this.peers.slice(1))
    this.hub.heal()
    await sameVectors(this.peers)
  }

  /** Further writes of one peer, seen by all. */
  async further(n: number, ...builds: Build[]): Promise<void> {
    await this.write(n, ...builds)
    await sameVectors(this.peers)
  }

  kinds(): string[] {
    return this.view.conditions().map(condition => condition.kind)
  }

  async stop(): Promise<void> {
    this.hub.heal()
    await Promise.all(this.peers.map(peer => peer.stop()))
  }
}

export const web = (view: Registry, name = 'web', tenant = 'default') => {
  const found = view.networks(tenant).find(network => network.name === name)
  if (!found) throw new Error(`no network ${name}`)
  return found
}

export const createNetwork =
  (name: string, subnet: string, tenant = 'default'): Build =>
  view =>
    createNetworkLeaves(view, { tenant, name, spec: checkNetwork({ tenant, name, subnet }) })

export const endpoint =
  (network: string, more: Partial<EndpointLeaf> = {}): Build =>
  view => [
    {
      ...{ kind: 'endpoint', id: 'e1', network: web(view, network).id, ip: 0x0a010205, mac: '02:02:0a:01:02:05' },
      ...{ container: '', containerName: 'db1', ...more },
    },
  ]

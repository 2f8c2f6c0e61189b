/** Four hosts of one mesh in one process, each with its management API, for the tests of removals. */
import assert from 'node:assert/strict'
import type { Outcome } from '../../../src/crdt/removal-outcome.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { type Outcome as CliOutcome, runCli } from '../cli/fixture.ts'
import { depsOf, startTestApi, type TestApi } from './fixture.ts'

export interface Node {
  peer: MemoryPeer
  api: TestApi
}

export class Hosts {
  readonly hub = new MemoryHub()
  nodes: Node[] = []

  /** host1 to host4, settled. */
  static async start(): Promise<Hosts> {
    const hosts = new Hosts()
    await hosts.#add(await foundPeer(hosts.hub, 'host1'))
    for (const n of [2, 3, 4]) await hosts.#add(await joinPeer(hosts.hub, `host${n}`, hosts.at(1).peer))
    await eventually(() => {
      for (const { peer } of hosts.nodes) {
        assert.equal(peer.replica.view.members().filter(({ settled }) => settled).length, 4)
      }
    })
    return hosts
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ api }) => api.stop()))
    await Promise.all(this.nodes.map(({ peer }) => peer.stop()))
  }

  at(n: number): Node {
    return this.nodes.find(({ peer }) => peer.name === `host${n}`) ?? assert.fail(`host${n}`)
  }

  /** Of the member of that name; '' if there is none. */
  key(n: number): string {
    const members = this.at(1).peer.replica.view.members()
    return members.find(({ name }) => name === `host${n}`)?.key ?? ''
  }

  kill(n: number): Promise<void> {
    return this.stopNode(this.at(n))
  }

  async stopNode(node: Node): Promise<void> {
    this.nodes = this.nodes.filter(other => other !== node)
    await node.api.stop()
    await node.peer.stop()
  }

  /** Another host of that name, without the data of the first. Resolves when it is settled and connected with all. */
  async madeAnew(n: number): Promise<Node> {
    const node = await this.#add(await joinPeer(this.hub, `host${n}`, this.at(1).peer))
    const { key } = node.peer.signer
    await eventually(() => {
      for (const other of this.nodes) {
        assert.ok(other.peer.replica.view.member(key)?.settled)
        assert.ok(other === node || other.peer.mesh.connected().includes(key))
      }
    })
    return node
  }

  skein(n: number, ...argv: string[]): Promise<CliOutcome> {
    return runCli('skein', argv, { SKEIN_HOST: this.at(n).api.socketPath })
  }

  rm(n: number, ...argv: string[]): Promise<CliOutcome> {
    return this.skein(n, 'peer', 'rm', ...argv)
  }

  /** Fails unless the command is refused in one line, and nothing changes. */
  async refused(outcome: Promise<CliOutcome>, code: number, says: RegExp): Promise<void> {
    const digests = () => this.nodes.map(({ peer }) => peer.replica.view.digest())
    const before = digests()
    const { code: got, stdout, stderr } = await outcome
    assert.match(stderr, says)
    assert.equal(stderr.split('\n').length, 2, 'one line')
    assert.deepEqual([got, stdout], [code, ''])
    assert.deepEqual(digests(), before, 'nothing changed')
  }

  /** Resolves when all hosts know of so many removals, and what became of the last. */
  async decided(outcome: Outcome, count = 1): Promise<void> {
    await eventually(() => {
      for (const { peer } of this.nodes) {
        const removals = peer.replica.view.removals()
        assert.deepEqual([removals.length, removals.at(-1)?.outcome], [count, outcome], peer.name)
      }
    })
  }

  async #add(peer: MemoryPeer): Promise<Node> {
    const { replica, removal, mesh } = peer
    const deps = depsOf(replica, { removal, connected: () => mesh.connected() })
    const node = { peer, api: await startTestApi({ deps }) }
    this.nodes.push(node)
    return node
  }
}

/** Two hosts that are split, each with an API, and the program's commands typed on either. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach } from 'mocha'
import type { ConditionJson } from '../../../src/api/types.ts'
import type { BuildLeaves } from '../../../src/replica/replica.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import { foundPeer, joinPeer, type MemoryPeer } from '../../support/memory-peer.ts'
import { depsOf, startTestApi, type TestApi } from '../api/fixture.ts'
import { runCli } from './fixture.ts'

export interface TwoSides {
  /** Host 1 or 2. */
  at(n: number): MemoryPeer
  /** Writes on host 1 what both are to know, and cuts them off again. */
  both(build: BuildLeaves): Promise<void>
  /** Types a command on a host; the two need not agree. */
  say(n: number, command: string): Promise<string>
  /** Types a command on a host that refuses it, and gives the command that the refusal ends with. */
  refused(n: number, command: string): Promise<string>
  /** Types it on host 2, and waits until both know. */
  type(command: string): Promise<string>
  heal(): void
  split(): void
  agree(): Promise<unknown>
  /** What `skein conditions` lists on a host. */
  listed(n: number): Promise<ConditionJson[]>
  /** Heals, and gives what is listed, which is the same on both. */
  healed(): Promise<ConditionJson[]>
  /** The same of the only condition there is. */
  only(kind: string): Promise<ConditionJson>
}

/** Within `describe`: new hosts for each test, settled and then split. */
export function twoSides(): TwoSides {
  const hub = new MemoryHub()
  let peers: MemoryPeer[] = []
  let apis: TestApi[] = []

  beforeEach(async () => {
    const first = await foundPeer(hub, 'host1')
    peers = [first, await joinPeer(hub, 'host2', first)]
    const isSettled = (peer: MemoryPeer) => peer.replica.view.members().filter(member => member.settled).length === 2
    await Promise.all(peers.map(peer => peer.replica.waitFor(() => isSettled(peer), 3000)))
    apis = await Promise.all(peers.map(({ replica }) => startTestApi({ deps: depsOf(replica) })))
    sides.split()
  })
  afterEach(async () => {
    hub.heal()
    await Promise.all(apis.map(api => api.stop()))
    await Promise.all(peers.map(peer => peer.stop()))
  })

  async function run(n: number, command: string) {
    const [program, ...words] = wordsOf(command)
    assert.equal(program, 'skein')
    return runCli('skein', words, { SKEIN_HOST: apis[n - 1]?.socketPath })
  }

  const sides: TwoSides = {
    at: n => peers[n - 1] as MemoryPeer,
    heal: () => hub.heal(),
    split: () => hub.split(...peers.map(peer => [peer.signer.key])),
    agree: () => eventually(() => sides.at(1).replica.view.digest() === sides.at(2).replica.view.digest()),
    async both(build) {
      hub.heal()
      await sides.at(1).replica.write(build)
      await sides.agree()
      sides.split()
    },
    async say(n, command) {
      const outcome = await run(n, command)
      assert.equal(outcome.code, 0, `${command}: ${outcome.stderr}`)
      return outcome.stdout
    },
    async refused(n, command) {
      const { code, stderr } = await run(n, command)
      assert.notEqual(code, 0, command)
      return /first with: (skein .*)/.exec(stderr)?.[1] ?? assert.fail(stderr)
    },
    async type(command) {
      const said = await sides.say(2, command)
      await sides.agree()
      return said
    },
    listed: async n => JSON.parse(await sides.say(n, 'skein conditions --json')),
    async healed() {
      hub.heal()
      await sides.agree()
      const [here, there] = [await sides.listed(1), await sides.listed(2)]
      assert.deepEqual(here, there)
      for (const { commands, remedy, since } of here) {
        assert.match(since, /^20/)
        for (const command of commands) assert.ok(remedy.includes(command), command)
      }
      return here
    },
    async only(kind) {
      const here = await sides.healed()
      const [condition] = here
      assert.ok(condition && here.length === 1, JSON.stringify(here))
      assert.equal(condition.kind, kind)
      return condition
    },
  }
  return sides
}

/** As a shell takes them. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replace(/"/g, ''))
}

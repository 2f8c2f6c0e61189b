/** A scene with containers on two hosts, to be asked why. */
import { createTenantLeaves } from '../../../src/crdt/acts.ts'
import type { Family } from '../../../src/model/address-match.ts'
import { parseFlowKind } from '../../../src/model/flow-kind.ts'
import { macOf } from '../../../src/model/ip.ts'
import { type Answer, type HostFacts, why } from '../../../src/policy/index.ts'
import { leavesOf } from '../../support/typed-command.ts'
import { createScene, type Scene, type SceneGroup, type SceneRules } from './scene.ts'

export interface Place {
  readonly host: 1 | 2
  readonly ip: string
  readonly group?: string
  /** By default that which has the address. */
  readonly tenant?: string
}

export interface WhyScene extends Scene {
  facts: HostFacts
  ask(src: string, dst: string, flow: string, tenant?: string, family?: Family): Answer
  /** Does what a command of an answer says. */
  type(command: string): void
}

/** @param web6 as of `createScene` */
export function createWhyScene(
  groups: Readonly<Record<string, SceneGroup>>,
  rules: SceneRules,
  containers: Readonly<Record<string, Place>>,
  web6: '' | 'fd00:6::/64' = '',
): WhyScene {
  const scene = createScene(groups, rules, web6)
  const { view, world } = scene
  const facts: HostFacts = {
    view,
    self: world.at(1).key,
    nameOf: key => (key === world.at(1).key ? 'host1' : 'host2'),
    unreachable: [],
    connected: [world.at(2).key],
  }
  scene.write(known => createTenantLeaves(known, 'blue'))
  for (const [name, { host, ip, group }] of Object.entries(containers)) {
    const { own: address, network = '', group: id } = scene.party(ip, group)
    const writer = world.at(host)
    const endpoint = { kind: 'endpoint' as const, id: idOf(`e${name}`), network, ip: address, mac: macOf(address) }
    const known = { container: idOf(`c${name}`), containerName: name }
    const leaf = { ...endpoint, ...known, ...(id ? { group: id } : {}) }
    if (host === 1) scene.write(() => [leaf])
    else {
      writer.write([leaf])
      view.apply(writer.batches.at(-1) as (typeof writer.batches)[number])
    }
  }
  return {
    ...scene,
    facts,
    ask: (src, dst, flow, tenant, family) => why(facts, { src, dst, kind: parseFlowKind(flow), tenant, family }),
    type: command => scene.write(known => leavesOf(known, command)),
  }
}

/** 64 hex digits that begin with the text's own. */
function idOf(text: string): string {
  return Buffer.from(text).toString('hex').padEnd(64, '0')
}

export function idDigits(name: string): string {
  return idOf(`c${name}`).slice(0, 12)
}

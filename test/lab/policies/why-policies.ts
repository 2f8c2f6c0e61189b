/** Random policies of the tenants of a stage, made anew again and again. */
import assert from 'node:assert/strict'
import type { RuleRequest } from '../../../src/model/rule.ts'
import type { Random } from '../../sim/random.ts'
import { parseCommand } from '../../support/typed-command.ts'
import type { Host } from '../datapath/lab.ts'
import { groups, networkNames, networks, ports, type Stage, type Tenant, tenants } from './why-stage.ts'

const policies = ['p', 'q']

export class Policies {
  readonly #stage: Stage
  readonly #rules = new Map<string, Record<string, RuleRequest>>()
  readonly #ofGroups = new Map<string, string[]>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Others in place of those of before: of each tenant by another host. */
  async change(random: Random, number: number): Promise<void> {
    const { hosts, idOf, agree } = this.#stage
    for (const [at, tenant] of tenants.entries()) {
      const host = hosts[(at + number) % 2] as Host
      for (const policy of policies) {
        const key = `${tenant} ${policy}`
        const rules = Object.fromEntries(
          Array.from({ length: random.below(5) }, (_, i) => [`${number}${i}`, randomRule(random)]),
        )
        await host.ask('rules', tenant, policy, rules, Object.keys(this.#rules.get(key) ?? {}))
        this.#rules.set(key, rules)
      }
      for (const name of networkNames) {
        const { group } = networks[name]
        const some = policies.filter(() => random.chance(0.6))
        await host.ask('group', idOf(tenant, name), group, some)
        this.#ofGroups.set(`${tenant} ${group}`, some)
      }
    }
    await agree()
  }

  /** Commands that `skein why` names, on the first host. */
  async type(commands: readonly string[]): Promise<void> {
    for (const command of commands) await this.#stage.hosts[0].ask('type', command)
    await this.#stage.agree()
  }

  async undo(commands: readonly string[]): Promise<void> {
    const { hosts, idOf, agree } = this.#stage
    for (const command of [...commands].reverse()) {
      const { verb, tenant, words } = parseCommand(command)
      const [first = '', second = ''] = words
      const key = `${tenant} ${first}`
      if (verb === 'policy rule-add') await hosts[0].ask('rules', tenant, first, {}, [second])
      else if (verb === 'policy rule-rm') {
        const rule = this.#rules.get(key)?.[second] ?? assert.fail(command)
        await hosts[0].ask('rules', tenant, first, { [second]: rule })
      } else if (verb === 'group create') {
        const its = this.#ofGroups.get(`${tenant} ${second}`) ?? assert.fail(command)
        await hosts[0].ask('group', idOf(tenant as Tenant, first), second, its)
      }
    }
    await agree()
  }

  /** For whoever has to find out what went wrong. */
  told(): string {
    const rules = [...this.#rules].map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    return [...rules, ...[...this.#ofGroups].map(([key, its]) => `${key} has ${its}`)].join('\n')
  }
}

function randomRule(random: Random): RuleRequest {
  const pick = <T>(...items: T[]): T => random.pick(items) as T
  const protocol = pick('', 'tcp', 'udp', 'icmp', 'tcp', 'udp')
  const ranges: readonly (readonly string[])[] = [
    ['', '10.1.1.11', '10.1.2.12/31', '10.1.1.12-10.1.2.11', '10.1.0.0/16', '10.1.3.11'],
    ['', 'fd00:1::b', 'fd00:2::c/127', 'fd00:1::c-fd00:2::b', 'fd00::/16', 'fd00:1::/64'],
  ]
  const some = pick(...ranges)
  const range = () => pick(...some)
  const common = {
    ...{ protocol, port: protocol === 'tcp' || protocol === 'udp' ? pick(0, 0, ...ports) : 0 },
    ...{ priority: pick(1, 2, 2, 100), action: pick('allow', 'deny', 'deny') },
  }
  const [group, network, peer] = pick(
    ['', '', range()],
    [pick(...groups), '', ''],
    ['', pick(...networkNames), ''],
    ['', '', ''],
  )
  if (random.chance(0.4)) return { ...common, direction: 'out', toGroup: group, toNetwork: network, toIp: peer }
  const toIp = random.chance(0.2) ? range() : ''
  return { ...common, direction: 'in', fromGroup: group, fromNetwork: network, fromIp: peer, toIp }
}

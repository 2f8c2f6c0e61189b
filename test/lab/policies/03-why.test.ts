/**
 * Random policies of two tenants with the same names, addresses and MACs: what `skein why` says is what a real packet does, by IPv4 and
 * IPv6, within a network, routed and where there is no way; the rule that it names is the one that counts the packet; its commands turn the
 * packet's fate. Nobody but the tenant's own container ever answers (I4).
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'mocha'
import { Random } from '../../sim/random.ts'
import { eventually } from '../../support/eventually.ts'
import type { WhySaid } from '../datapath/host-process.ts'
import type { Host } from '../datapath/lab.ts'
import { Policies } from './why-policies.ts'
import {
  addressOf,
  families,
  groupOf,
  groups,
  type Letter,
  membersOf,
  nameOf,
  ports,
  type Stage,
  type Try,
  tenants,
  tries,
  upStage,
} from './why-stage.ts'

const seed = Number(process.env.SKEIN_SEED ?? Math.floor(Math.random() * 2 ** 32))
const rounds = 4
/** In each round. */
const counted = 5
const turned = 2
const flows = ['icmp', 'tcp', 'udp', ...ports.flatMap(port => [`tcp/${port}`, `udp/${port}`])]

describe(`policies: why, of two tenants with the same addresses (SKEIN_SEED=${seed})`, function () {
  this.timeout(240_000)
  const random = new Random(seed)
  let stage: Stage
  let policies: Policies
  let round = 0

  before(async () => {
    stage = await upStage()
    policies = new Policies(stage)
  })
  after(() => stage?.scene.down())

  const context = (what: unknown) => `SKEIN_SEED=${seed}, round ${round}, ${JSON.stringify(what)}\n${policies.told()}`

  /** Each host by another kind of name. */
  async function said({ tenant, from, to, flow, family }: Try): Promise<WhySaid> {
    const { hosts } = stage
    const [byName, byAddress] = round % 2 === 0 ? hosts : [hosts[1], hosts[0]]
    const answers = await Promise.all([
      byName.ask('why', nameOf(tenant, from), nameOf(tenant, to), flow, undefined, family),
      byAddress.ask('why', addressOf(from, family), addressOf(to, family), flow, tenant),
    ])
    assert.deepEqual(answers[0], answers[1], 'both hosts say the same, by names and by addresses')
    return answers[0]
  }

  /** The kernel has up to 2 s; on a busy machine an answer may take longer than silence does. */
  async function assertFate(packet: Try, expected: boolean, what: unknown = packet): Promise<void> {
    let limitMs = 300
    await eventually(async () => {
      const seen = await stage.passes(packet, limitMs)
      limitMs = 2_000
      assert.equal(seen, expected, context(what))
    }, 4_000)
  }

  /** What is said of a group is what is said of its members. */
  async function assertGroups(answers: ReadonlyMap<string, WhySaid>): Promise<void> {
    const asked = tenants.flatMap(tenant =>
      groups.flatMap(src => groups.flatMap(dst => families.map(family => ({ tenant, src, dst, family })))),
    )
    for (const each of asked) {
      const { tenant, src, dst, family } = each
      const flow = flows.at(-1) as string
      const whole = await (stage.hosts[round % 2] as Host).ask('why', src, dst, flow, tenant, family)
      for (const from of membersOf(tenant, src)) {
        for (const to of membersOf(tenant, dst)) {
          const one = answers.get(keyOf({ tenant, from, to, flow, family }))
          if (!one) continue // itself
          assert.ok(whole.passes === one.passes || whole.passes === 'partly', context([each, from, to]))
          if (one.cases.length > 0) {
            const [decides] = one.cases
            assert.ok(
              whole.cases.some(({ action, counter }) => action === decides?.action && counter === decides.counter),
              context([each, from, to, one.cases, whole.cases]),
            )
          }
        }
      }
    }
  }

  /** The one rule that is named counts the packet, on the hosts that are said to judge it; without a rule none does. */
  async function assertCounted(packet: Try, { passes, cases, decidedOn, judgedOn }: WhySaid): Promise<void> {
    const figures = () => Promise.all(stage.hosts.map(host => host.ask('counters', packet.tenant)))
    const counter = cases[0]?.counter
    const judging = passes === 'yes' ? [...decidedOn, ...judgedOn] : decidedOn
    await eventually(async () => {
      const before = await figures()
      await stage.passes(packet, 300)
      const now = await figures()
      for (const [at, { name }] of stage.hosts.entries()) {
        const rose = [...(now[at] ?? [])].flatMap(([rule, { packets }]) => {
          const more = packets - (before[at]?.get(rule)?.packets ?? 0)
          return more === 0 ? [] : [[rule, more]]
        })
        const expected = counter !== undefined && judging.includes(name) ? [[counter, 1]] : []
        assert.deepEqual(rose, expected, `${name}: ${context(packet)}`)
      }
    }, 4_000)
  }

  /** A question about containers, addresses or groups, whose answer commands turn round: they do. False if it has none. */
  async function isTurned(): Promise<boolean> {
    const pick = <T>(items: readonly T[]): T => random.pick(items) as T
    const { tenant, from, to, family } = pick(tries)
    const flow = pick(flows)
    const wordFor = (letter: Letter): [word: string, members: readonly Letter[]] => {
      const members = membersOf(tenant, groupOf(letter))
      const kind = random.below(3)
      if (kind === 0 && members.includes(letter)) return [groupOf(letter), members]
      return [kind === 1 ? addressOf(letter, family) : nameOf(tenant, letter), [letter]]
    }
    const [[src, sources], [dst, targets]] = [wordFor(from), wordFor(to)]
    const ask = () => (stage.hosts[round % 2] as Host).ask('why', src, dst, flow, tenant, family)
    const before = await ask()
    const { action, commands = [] } = before.change ?? {}
    if (commands.length === 0) return false
    const what = { tenant, src, dst, flow, family, commands }
    await policies.type(commands)
    assert.equal((await ask()).passes, action === 'allow' ? 'yes' : 'no', context(what))
    const kinds = ['tcp', 'udp'].includes(flow) ? ports.map(port => `${flow}/${port}`) : [flow]
    const packets = sources.flatMap(source =>
      targets.flatMap(target =>
        source === target ? [] : kinds.map(kind => ({ tenant, from: source, to: target, flow: kind, family })),
      ),
    )
    await Promise.all(packets.map(packet => assertFate(packet, action === 'allow', what)))
    await policies.undo(commands)
    // a policy that they made stays, so that the next would have another name
    const known = ({ change, ...rest }: WhySaid) => rest
    assert.deepEqual(known(await ask()), known(before), `undone: ${context(what)}`)
    return packets.length > 0
  }

  it('says what a real packet does, by which rule, and what would turn it, whatever the policies', async () => {
    const count = { passed: 0, denied: 0 }
    for (round = 1; round <= rounds; round++) {
      await policies.change(random, round)
      // all answers first: a host that is still busy with them is late with its kernel
      const found = await Promise.all(tries.map(async each => [keyOf(each), await said(each)] as const))
      const answers = new Map(found)
      const passing = (each: Try): boolean => {
        const { passes } = answers.get(keyOf(each)) as WhySaid
        assert.notEqual(passes, 'partly', context(each))
        return passes === 'yes'
      }
      for (const each of tries) count[passing(each) ? 'passed' : 'denied']++
      await Promise.all(tries.map(each => assertFate(each, passing(each))))
      await assertGroups(answers)
      const ways = tries.filter(each => (answers.get(keyOf(each))?.cases.length ?? 0) > 0)
      for (let n = 0; n < counted; n++) {
        const packet = random.pick(ways) as Try
        await assertCounted(packet, answers.get(keyOf(packet)) as WhySaid)
      }
      for (let n = 0; n < turned; ) if (await isTurned()) n++
    }
    const total = count.passed + count.denied
    assert.equal(total, rounds * tries.length)
    assert.ok(Math.min(count.passed, count.denied) > total / 10, `one-sided: ${JSON.stringify(count)}`)
  })
})

function keyOf({ tenant, from, to, flow, family }: Try): string {
  return [tenant, from, to, flow, family].join(' ')
}

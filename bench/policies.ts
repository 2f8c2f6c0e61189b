/**
 * What 5,000 rules and 1,000 groups on one host cost: connections a second between two containers of a tenant that has them all,
 * next to two of a tenant without any; and how long a rule takes from the command until it counts.
 */

import { type LabHost, until } from '../lab/index.ts'
import { installMissing } from '../lab/packages.ts'
import { createEngine, type Engine } from './lib/engine.ts'
import { withLab } from './lib/lab.ts'
import type { BenchContext, Measurement, Outcome } from './lib/measurement.ts'
import { alternate } from './lib/pairs.ts'
import { alone, compare } from './lib/statistics.ts'
import { type Effect, type Flow, measureEffect, startFlow } from './policies/effect.ts'
import { connectionRate, type Ends, startServer } from './policies/netperf.ts'
import { apply, makeGroups, makeRules } from './policies/objects.ts'

const groups = 1_000
const rules = 5_000
const pairs = 16
const changes = 12
const seconds = 2
const budgetMs = 180_000

export const policies: Measurement = {
  name: 'policies',
  title: `${rules} rules and ${groups} groups on one host`,
  ours: 'with them',
  base: 'without',
  limitMs: 1_800_000,
  onlyByName: true,
  async run(context) {
    await installMissing(context.progress, { netperf: 'netperf', netserver: 'netperf' })
    return withLab(1, context, async lab => measure(lab.hosts()[0] as LabHost, context))
  },
}

async function measure(host: LabHost, context: BenchContext): Promise<Outcome> {
  const { signal } = context
  const progress = (line: string) => {
    signal.throwIfAborted() // to make thousands of rules takes minutes
    context.progress(line)
  }
  const engine = createEngine(host)
  await apply(host, {
    tenants: [{ name: 'plain' }],
    networks: [
      { name: 'web', subnet: '10.61.0.0/16' },
      { name: 'web', tenant: 'plain', subnet: '10.61.0.0/16' },
    ],
  })
  await makeGroups(host, 'web', 1, progress)
  const shows = async (network: string) => {
    const listed = (await engine.call('GET', '/networks')) as { Name: string }[]
    return listed.some(({ Name }) => Name === network) ? true : undefined
  }
  for (const network of ['web', 'web/plain', 'g0.web']) {
    await until(() => shows(network), { timeoutMs: 20_000, what: `${host.name} does not show ${network}`, signal })
  }
  const many = await twoContainers(engine, 'many', 'web', 'g0.web')
  const plain = await twoContainers(engine, 'plain', 'web/plain', 'web/plain')
  const flows = [await startFlow(many), await startFlow(await publishedContainer(host, engine))]
  const servers = await Promise.all([many, plain].map(startServer))
  try {
    const oneGroup = await effects(host, flows, context)
    // the containers go on; Docker would take minutes to make a network for each of the groups
    await host.killEngine()
    await makeGroups(host, 'web', groups, progress)
    const fewRules = await effects(host, flows, context)
    await makeRules(host, rules, groups, progress)
    const manyRules = await effects(host, flows, context)
    progress(`${pairs} pairs of ${seconds} s`)
    for (const ends of [many, plain]) await connectionRate(ends, seconds)
    const { ours, base } = await alternate(
      () => connectionRate(many, seconds),
      () => connectionRate(plain, seconds),
      { pairs, budgetMs, signal },
    )
    return {
      rows: [
        compare('connections (netperf TCP_CRR)', '/s', ours, base),
        ...effectRows(`with ${rules} rules`, manyRules),
        ...effectRows(`with one rule, ${groups} groups`, fewRules),
        ...effectRows('with one rule, one group', oneGroup),
      ],
      notes: [
        'Docker’s engine is off: containers run, and Docker makes no networks for the groups',
        'both containers of a pair on one host; the receiver’s group has all the rules, none of which is about these connections',
        'a rule that denies flows of a datagram each ms: until the last one that was answered; of both at once, between containers and from the host to one over docker_gwbridge',
      ],
    }
  } finally {
    for (const flow of flows) flow.stop()
    for (const server of servers) server.kill('SIGKILL')
  }
}

/** By flow, then by change. */
async function effects(host: LabHost, flows: readonly Flow[], { signal, progress }: BenchContext) {
  progress(`${changes} changes of a rule`)
  const found: Effect[][] = flows.map(() => [])
  for (let n = 0; n < changes; n++) {
    signal.throwIfAborted()
    for (const [at, effect] of (await measureEffect(host, flows, `cut${n}`)).entries()) found[at]?.push(effect)
  }
  return found
}

function effectRows(what: string, [inside = [], outside = []]: readonly Effect[][]) {
  const rows = (where: string, found: readonly Effect[]) => [
    alone(
      `${where}: command -> flow is cut`,
      'ms',
      found.map(each => each.fromCall),
    ),
    alone(`${where}: the same, the slowest`, 'ms', [Math.max(...found.map(each => each.fromCall))]),
    alone(
      `${where}: answer of the command -> flow is cut`,
      'ms',
      found.map(each => each.fromAnswer),
    ),
    alone(`${where}: the same, the slowest`, 'ms', [Math.max(...found.map(each => each.fromAnswer))]),
    alone(
      `${where}: rule-rm -> flow is back`,
      'ms',
      found.map(each => each.back),
    ),
  ]
  return [...rows(what, inside), ...rows(`docker_gwbridge, ${what}`, outside)]
}

/** From the host to a container of the group, where Docker publishes ports. */
async function publishedContainer(host: LabHost, engine: Engine): Promise<Ends> {
  const name = 'many-published'
  await engine.runIdle(name, 'g0.web')
  const { Id, State } = (await engine.call('GET', `/containers/${name}/json`)) as { Id: string; State: { Pid: number } }
  const bridge = (await engine.call('GET', '/networks/docker_gwbridge')) as {
    Containers: Record<string, { IPv4Address: string } | undefined>
  }
  const [ip = ''] = (bridge.Containers[Id]?.IPv4Address ?? '').split('/')
  return { client: host.peerPid() ?? 0, server: State.Pid, ip }
}

async function twoContainers(engine: Engine, name: string, from: string, to: string): Promise<Ends> {
  const pid = async (container: string, network: string) => {
    await engine.runIdle(container)
    await engine.connect(encodeURIComponent(network), container)
    return ((await engine.call('GET', `/containers/${container}/json`)) as { State: { Pid: number } }).State.Pid
  }
  const client = await pid(`${name}-client`, from)
  const server = await pid(`${name}-server`, to)
  return { client, server, ip: (await engine.addressOf(to, `${name}-server`)).ip }
}

/** Three hosts with a group under a policy and who calls it, for a split that packets cross and news do not. */
import assert from 'node:assert/strict'
import type { Lab, LabHost } from '../../../lab/index.ts'
import { blockedBy } from '../../../lab/split.ts'
import { netctl, three } from '../acceptance/cli.ts'
import { runDual } from '../ipv6/scene.ts'
import { networksAppear } from '../support/index.ts'
import { type Speaker, speakIn, speakOutside } from './speakers.ts'

/** What the ports of the group's containers are published as. */
export const published = { 8888: 8080, 8889: 8081, 8890: 8082 }
const publish = Object.entries(published).flatMap(([port, at]) => ['-p', `${at}:${port}`])

/** `skein ARGS` on the host; fails with what it said. */
export async function skein(host: LabHost, ...argv: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await host.exec(['skein', ...argv], { timeoutMs: 30_000 })
  assert.equal(code, 0, `${host.name}: skein ${argv.join(' ')}: ${stderr}`)
  return { stdout, stderr }
}

/** A rule of policy `p`, about TCP. */
export async function addRule(host: LabHost, id: string, ...flags: string[]): Promise<void> {
  await skein(host, 'policy', 'rule-add', 'p', id, '-l', 'tcp', ...flags)
}

export interface Counters {
  readonly packets: number
  readonly hosts: Record<string, { packets: number }>
}

/** What the rules of policy `p` counted, asked on that host; and what it says aside. */
export async function counted(host: LabHost): Promise<{ stderr: string; of(rule: string): Counters }> {
  const { stdout, stderr } = await skein(host, 'policy', 'rule-ls', 'p', '--counters', '--json')
  const rules = JSON.parse(stdout) as { ruleId: string; counters: Counters }[]
  return { stderr, of: id => rules.find(({ ruleId }) => ruleId === id)?.counters ?? assert.fail(`no rule ${id}`) }
}

/** A network with a gateway by both families. */
export async function createRouted(host: LabHost, name: string, n: number): Promise<void> {
  const ipv4 = ['-s', `10.1.${n}.0/24`, '-g', `10.1.${n}.1`]
  await netctl(host, 'net', 'create', ...ipv4, '--s6', `fd00:${n}::/64`, '--g6', `fd00:${n}::1`, name)
}

export interface Apart {
  readonly hosts: readonly [LabHost, LabHost, LabHost]
  /** Of the group, on hosts one and three, each published there. */
  readonly db1: Speaker
  readonly db3: Speaker
  /** On host two: from the group's network, and routed from another of the tenant. */
  readonly lan: Speaker
  readonly app: Speaker
  /** On host three, routed. */
  readonly far: Speaker
  readonly out: Speaker
  /** One more container that speaks. */
  speaker(host: LabHost, network: string, name: string): Promise<Speaker>
  /** Hosts one and two from host three: the mesh speaks TCP alone, networks UDP. Ends with the lab's `heal`. */
  cutNews(): Promise<void>
  /** Ends who speaks. */
  down(): Promise<void>
}

/** TCP to the group is denied, but for the ports 8888 and 8890. */
export async function createApart(lab: Lab): Promise<Apart> {
  const speakers: Promise<Speaker>[] = []
  const speaker = (host: LabHost, network: string, name: string, args: string[] = []) => {
    const started = runDual(host, network, name, { args }).then(speakIn)
    speakers.push(started)
    return started
  }
  const hosts = three(lab.hosts())
  const [one, two, three3] = hosts
  await createRouted(one, 'app', 1)
  await createRouted(one, 'data', 2)
  await skein(one, 'policy', 'create', 'p')
  await addRule(one, '1', '-j', 'deny')
  for (const [id, port] of Object.entries({ 2: '8888', 3: '8890' })) await addRule(one, id, '-P', port, '-p', '10')
  await skein(one, 'group', 'create', 'data', 'db', '-p', 'p')
  await networksAppear(hosts, 'app', 'data', 'db.data')
  const [db1, db3] = [speaker(one, 'db.data', 'db1', publish), speaker(three3, 'db.data', 'db3', publish)]
  const [lan, app, far] = [speaker(two, 'data', 'lan'), speaker(two, 'app', 'app'), speaker(three3, 'app', 'far')]
  const out = speakOutside()
  speakers.push(out)
  return {
    ...{ hosts, db1: await db1, db3: await db3, lan: await lan, app: await app, far: await far, out: await out },
    speaker,
    async cutNews() {
      for (const { from, to } of blockedBy(['1 2', '3'])) {
        const match = ['-i', from, '-o', to, '-p', 'IPv4', '--ip-proto', 'tcp']
        assert.equal((await lab.switch.exec(['ebtables', '-A', 'FORWARD', ...match, '-j', 'DROP'])).code, 0)
      }
    },
    async down() {
      for (const each of await Promise.allSettled(speakers)) if (each.status === 'fulfilled') await each.value.stop()
    },
  }
}

/** What hosts say of flows in a tenant: `skein why` and the counters of rules, over the API. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import type { WhyJson, WhyWayJson } from '../../../src/api/types.ts'
import { ports } from '../../lab/policies/talker.ts'
import { call } from '../../lab/support/index.ts'

export interface Question {
  readonly tenant: string
  /** Addresses. */
  readonly src: string
  readonly dst: string
  /** `tcp/80` */
  readonly flow: string
}

export interface Said extends WhyWayJson {
  readonly passes: WhyJson['passes']
}

/** Of ends that are known by their addresses there is one way. */
export async function askWhy(host: LabHost, { tenant, src, dst, flow }: Question): Promise<Said> {
  const query = new URLSearchParams({ tenant, src, dst, flow })
  const answer = (await call(host, 'GET', `/api/v1/why?${query}`)) as WhyJson
  const [way] = answer.ways
  assert.ok(way && answer.ways.length === 1, `${src} -> ${dst}: ${answer.ways.map(({ text }) => text).join('; ')}`)
  return { ...way, passes: answer.passes }
}

/** The test's TCP ports that pass, as the host says. */
export async function openBy(host: LabHost, question: Omit<Question, 'flow'>): Promise<number[]> {
  const answers = await Promise.all(ports.map(port => askWhy(host, { ...question, flow: `tcp/${port}` })))
  return ports.filter((_, at) => answers[at]?.passes === 'yes')
}

/** Packets that the host itself judged by each rule of policy `p`. */
export async function countedOn(host: LabHost, tenant: string): Promise<Record<string, number>> {
  const { rules } = (await call(host, 'GET', `/api/v1/counters/policys/${tenant}:p/here/`)) as {
    rules: Record<string, { packets: number }>
  }
  return Object.fromEntries(Object.entries(rules).map(([id, { packets }]) => [id, packets]))
}

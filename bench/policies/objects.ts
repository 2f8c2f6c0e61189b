/** Groups and rules by the thousand, made through the API of a real peer. */
import { ask, type LabHost } from '../../lab/index.ts'
import { SkeinError } from '../../src/lib/errors.ts'

/** What is judged among many. */
export const policy = 'big'
/** The peer ends a call after 18 s. */
const perCall = 50
const callLimitMs = 25_000

export async function apply(host: LabHost, body: object): Promise<void> {
  const { status, text } = await ask(host.apiSocket, 'POST', '/api/v1/apply', { body, timeoutMs: callLimitMs })
  if (status >= 300) throw new SkeinError('internal', `apply: ${status} ${text}`)
  const { results } = JSON.parse(text) as { results: { outcome: string; key: string; error?: { text: string } }[] }
  const refused = results.find(({ outcome }) => outcome === 'refused')
  if (refused) throw new SkeinError('internal', `apply: ${refused.key}: ${refused.error?.text}`)
}

/** Groups `g0`, `g1`, … of the network, all with the policy. */
export async function makeGroups(host: LabHost, network: string, count: number, progress: (line: string) => void) {
  await apply(host, { policies: [{ name: policy }] })
  for (let from = 0; from < count; from += perCall) {
    const groups = Array.from({ length: Math.min(perCall, count - from) }, (_, at) => {
      return { name: `g${from + at}`, network, policies: [policy] }
    })
    await apply(host, { groups })
    progress(`${from + groups.length} groups`)
  }
}

/** Rules of which none denies what is measured: a fifth by the sender's group, the others by its address. */
export async function makeRules(host: LabHost, count: number, groups: number, progress: (line: string) => void) {
  for (let from = 0; from < count; from += perCall) {
    const rules = Array.from({ length: Math.min(perCall, count - from) }, (_, at) => ruleNumber(from + at, groups))
    await apply(host, { policies: [{ name: policy, rules }] })
    progress(`${from + rules.length} rules`)
  }
}

function ruleNumber(n: number, groups: number): object {
  const common = { id: String(n), direction: 'in', action: n % 2 ? 'allow' : 'deny', priority: 1 + (n % 100) }
  if (n % 5 === 0)
    return { ...common, action: 'deny', protocol: 'tcp', port: 20_000 + (n % 100), fromGroup: `g${(n / 5) % groups}` }
  return { ...common, protocol: 'tcp', port: 20_000 + (n % 1_000), fromIp: `172.20.${n >> 8}.${n & 255}` }
}

/** Adds or removes one rule of the policy; resolves with the moment before the call and that of its answer, ms since the epoch. */
export async function changeRule(host: LabHost, id: string, rule: object | undefined) {
  const path = `/api/v1/rules/default:${policy}:${id}/`
  const method = rule ? 'POST' : 'DELETE'
  const body = rule && { tenantName: 'default', policyName: policy, ruleId: id, ...rule }
  const asked = nowMs()
  const { status, text } = await ask(host.apiSocket, method, path, body ? { body } : {})
  if (status >= 300) throw new SkeinError('internal', `rule: ${status} ${text}`)
  return { asked, answered: nowMs() }
}

/** Comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now()
}

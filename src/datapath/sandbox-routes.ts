/** Routes and rules in a container's network namespace, as `ip` reads and writes them. */
import type { Network } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import type { Context } from './context.ts'
import { type PresentRoute, routeProtocol } from './route-plan.ts'
import { type Family, presentLines, type RawRule } from './router-plan.ts'

interface RawRoute {
  dst?: string
  gateway?: string
  protocol?: string
}

const familyFlag = { ipv4: '-4', ipv6: '-6' } as const

/** Of the main table, and of both families if one of the networks has both. */
export async function readRoutes(
  context: Context,
  sandbox: string,
  networks: readonly Network[],
): Promise<PresentRoute[]> {
  const ipv4 = await readFamily(context, sandbox, '-4')
  const isDual = networks.some(({ spec }) => spec.subnet6 !== '')
  return isDual ? [...ipv4, ...(await readFamily(context, sandbox, '-6'))] : ipv4
}

async function readFamily(context: Context, sandbox: string, family: '-4' | '-6'): Promise<PresentRoute[]> {
  const raw: RawRoute[] = await show(context, sandbox, [family, '-j', 'route', 'show'])
  return raw.map(({ dst = '', gateway = '', protocol }) => {
    return { destination: dst, nextHop: gateway, isOurs: protocol === String(routeProtocol) }
  })
}

/** What there is of the way out by a VLAN's router, as `wayOutLines` has it. */
export async function readWayOut(context: Context, sandbox: string, family: Family): Promise<string[]> {
  const flag = familyFlag[family]
  const routes = [flag, '-j', 'route', 'show', 'table', 'all', 'proto', String(routeProtocol)]
  const rules: RawRule[] = await show(context, sandbox, [flag, '-j', 'rule', 'show'])
  return presentLines(rules, await show(context, sandbox, routes))
}

async function show<T>({ run }: Context, sandbox: string, args: readonly string[]): Promise<T[]> {
  const { code, stdout, stderr } = await run('nsenter', [`--net=${sandbox}`, 'ip', ...args])
  if (code !== 0) throw new SkeinError('unavailable', stderr.trim())
  return stdout.trim() === '' ? [] : JSON.parse(stdout)
}

/** Throws `unavailable` with the first failure. `family`: of rules; routes tell theirs by their addresses. */
export async function write(
  { run }: Context,
  sandbox: string,
  lines: readonly string[],
  family: Family = 'ipv4',
): Promise<void> {
  if (lines.length === 0) return
  const args = [`--net=${sandbox}`, 'ip', ...(family === 'ipv6' ? ['-6'] : []), '-batch', '-']
  const { code, stderr } = await run('nsenter', args, { input: `${lines.join('\n')}\n` })
  if (code !== 0) throw new SkeinError('unavailable', stderr.trim())
}

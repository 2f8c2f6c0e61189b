/** Reads what the rules of a tenant counted, out of the kernel. */
import { SkeinError } from '../lib/errors.ts'
import { addCounted, type Counted, outsidePrefix, outsideTable, policyTable, readCounters } from '../policy/index.ts'
import type { Context } from './context.ts'
import { tenantNamespace } from './names.ts'

/** Among containers, and at published ports and on the way out. Empty while no network of the tenant is on this host. */
export async function readRuleCounters(context: Context, tenant: string): Promise<ReadonlyMap<string, Counted>> {
  if (!(await context.namespaces.exists(tenant))) return new Map()
  const namespace = tenantNamespace(tenant)
  const enter = ['nsenter', `--net=/run/netns/${namespace}`]
  const [inside, outside] = await Promise.all([
    listCounters(context, enter, policyTable),
    listCounters(context, [], outsideTable),
  ])
  const found = readCounters(inside)
  for (const [name, counted] of readCounters(outside, outsidePrefix(tenant))) {
    found.set(name, addCounted(found.get(name), counted))
  }
  return found
}

async function listCounters({ run }: Context, enter: readonly string[], table: string): Promise<string> {
  const [file = '', ...args] = [...enter, 'nft', 'list', 'counters', 'table', 'inet', table]
  const { code, stdout, stderr } = await run(file, args)
  if (code === 0) return stdout
  if (stderr.includes('No such file or directory')) return '' // no table: no rules
  throw new SkeinError('unavailable', `counters cannot be read: ${stderr.trim().split('\n')[0]}; run: nft list ruleset`)
}

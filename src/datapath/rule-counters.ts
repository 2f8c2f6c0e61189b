/** Reads what the rules of a tenant counted, out of the kernel. */
import { SkeinError } from '../lib/errors.ts'
import { type Counted, policyTable, readCounters } from '../policy/index.ts'
import type { Context } from './context.ts'
import { tenantNamespace } from './names.ts'

/** Empty while no network of the tenant is on this host. */
export async function readRuleCounters(
  { run, namespaces }: Context,
  tenant: string,
): Promise<ReadonlyMap<string, Counted>> {
  if (!(await namespaces.exists(tenant))) return new Map()
  const namespace = tenantNamespace(tenant)
  const list = ['nft', 'list', 'counters', 'table', 'inet', policyTable]
  const { code, stdout, stderr } = await run('nsenter', [`--net=/run/netns/${namespace}`, ...list])
  if (code === 0) return readCounters(stdout)
  if (stderr.includes('No such file or directory')) return new Map() // no table: no rules
  const cause = stderr.trim().split('\n')[0]
  throw new SkeinError(
    'unavailable',
    `counters cannot be read: ${cause}; run: ip netns exec ${namespace} nft list ruleset`,
  )
}

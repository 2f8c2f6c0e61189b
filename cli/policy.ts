/** `policy create|ls|rm|inspect|history|restore`; its rules are in `rule.ts`. */
import type { Command } from 'commander'
import type { PolicyEventJson, PolicyJson, RestoredJson } from '../src/api/types.ts'
import { keyOf } from './network-key.ts'
import { addList, addTenant, addWait, type ListOptions, type TenantOption, type WaitOption } from './options.ts'
import { addRuleCommands } from './rule.ts'
import { requireTenant, type Session } from './session.ts'
import { table } from './table.ts'

export function addPolicyCommands(program: Command, session: Session): void {
  const policy = program.command('policy').description('rules about which traffic passes')
  const create = addTenant(policy.command('create').argument('<policy>')).description('create a policy')
  addWait(create, session).action((name: string, options: TenantOption & WaitOption) =>
    createPolicy(session, name, options),
  )
  const remove = addTenant(policy.command('rm').alias('delete').argument('<policy>'))
  addWait(remove.description('delete a policy with its rules'), session).action(
    (name: string, options: TenantOption & WaitOption) => removePolicy(session, name, options),
  )
  addList(policy.command('ls').alias('list').description('list policies')).action((options: ListOptions) =>
    listPolicies(session, options),
  )
  addTenant(policy.command('inspect').argument('<policy>'))
    .description('a policy with its groups, rules and endpoints, as JSON')
    .action(async (name: string, { tenant }: TenantOption) => {
      session.printJson(await session.client().get(`/api/v1/inspect/policys/${keyOf(tenant, name)}/`))
    })
  addRuleCommands(policy, session)
  if (session.name === 'skein') addHistory(policy, session)
}

function addHistory(policy: Command, session: Session): void {
  addTenant(policy.command('history').argument('<policy>'))
    .description('who wrote what and when, what is in effect and what lost; from the records that are kept')
    .option('-j, --json', 'as JSON')
    .action(async (name: string, { tenant, json }: TenantOption & { json?: boolean }) => {
      const events = await session.client().get<PolicyEventJson[]>(`/api/v1/history/policys/${keyOf(tenant, name)}/`)
      if (json) session.printJson(events)
      else session.io.stdout(historyTable(events))
    })
  const restore = addTenant(policy.command('restore').argument('<policy>').argument('<version>'))
  addWait(restore.description('make the rules what they were after that event of the history'), session).action(
    async (name: string, version: string, { tenant, wait }: TenantOption & WaitOption) => {
      const path = `/api/v1/restore/policys/${keyOf(tenant, name)}/`
      const reply = await session.client().send<RestoredJson>('POST', path, { version })
      const { added, removed } = reply.body
      const counts = `${added.length} rules added, ${removed.length} removed`
      await session.confirm(reply, { skein: `policy ${tenant}:${name} restored: ${counts}`, netctl: '', wait })
    },
  )
}

export function historyTable(events: readonly PolicyEventJson[]): string {
  const rows = events.map(({ version, at, by, what, state }) => [version, at, by, what, state])
  return table([['VERSION', 'AT', 'BY', 'WHAT', 'STATE'], ...rows])
}

async function createPolicy(session: Session, name: string, options: TenantOption & WaitOption): Promise<void> {
  const { tenant, wait } = options
  const path = `/api/v1/policys/${keyOf(tenant, name)}/`
  const reply = await session.client().send('POST', path, { tenantName: tenant, policyName: name })
  await session.confirm(reply, {
    skein: `policy ${tenant}:${name} ${reply.existed ? 'exists already' : 'created'}`,
    netctl: reply.existed ? `Policy exists already: ${tenant}:${name}` : `Creating policy ${tenant}:${name}`,
    wait,
  })
}

async function removePolicy(session: Session, name: string, options: TenantOption & WaitOption): Promise<void> {
  const { tenant, wait } = options
  const reply = await session.client().send('DELETE', `/api/v1/policys/${keyOf(tenant, name)}/`)
  await session.confirm(reply, {
    skein: `policy ${tenant}:${name} deleted`,
    netctl: `Deleting policy ${tenant}:${name}`,
    wait,
  })
}

async function listPolicies(session: Session, options: ListOptions): Promise<void> {
  await requireTenant(session, options)
  const everything = await session.client().get<PolicyJson[]>('/api/v1/policys/')
  const policies = everything.filter(each => options.all || each.tenantName === options.tenant)
  if (options.json) session.printJson(policies)
  else if (options.quiet) for (const { policyName } of policies) session.print(policyName)
  else {
    const rows = policies.map(({ tenantName, policyName }) => [tenantName, policyName])
    session.io.stdout(table([['Tenant', 'Policy'], ['------', '------'], ...rows]))
  }
}

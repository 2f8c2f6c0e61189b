/** `tenant create|ls|rm|inspect`. */
import type { Command } from 'commander'
import type { TenantInspect, TenantJson } from '../src/api/types.ts'
import { addWait, type WaitOption } from './options.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

function pathOfTenant(name: string): string {
  return `/api/v1/tenants/${encodeURIComponent(name)}/`
}

export function addTenantCommands(program: Command, session: Session): void {
  const tenant = program
    .command('tenant')
    .description('tenants: name spaces whose networks are isolated from each other')
  const create = tenant.command('create').argument('<tenant>').description('create a tenant')
  addWait(create, session).action((name: string, options: WaitOption) => createTenant(session, name, options))
  const remove = tenant
    .command('rm')
    .alias('delete')
    .argument('<tenant>')
    .description('delete a tenant without networks')
  addWait(remove, session).action((name: string, options: WaitOption) => removeTenant(session, name, options))
  tenant
    .command('ls')
    .alias('list')
    .description('list tenants')
    .option('-q, --quiet', 'names only')
    .option('-j, --json', 'as JSON')
    .action((options: { quiet?: boolean; json?: boolean }) => listTenants(session, options))
  tenant
    .command('inspect')
    .argument('<tenant>')
    .description('a tenant with its networks and endpoints, as JSON')
    .action(async (name: string) => {
      const path = `/api/v1/inspect/tenants/${encodeURIComponent(name)}/`
      session.printJson(await session.client().get<TenantInspect>(path))
    })
}

async function createTenant(session: Session, name: string, { wait }: WaitOption): Promise<void> {
  const reply = await session.client().send('POST', pathOfTenant(name), { tenantName: name })
  const skein = reply.existed ? `tenant ${name} exists already` : `tenant ${name} created`
  const netctl = reply.existed ? `Tenant exists already: ${name}` : `Creating tenant: ${name}`
  await session.confirm(reply, { skein, netctl, wait })
}

async function removeTenant(session: Session, name: string, { wait }: WaitOption): Promise<void> {
  const reply = await session.client().send('DELETE', pathOfTenant(name))
  await session.confirm(reply, { skein: `tenant ${name} deleted`, netctl: `Deleting tenant ${name}`, wait })
}

async function listTenants(session: Session, options: { quiet?: boolean; json?: boolean }): Promise<void> {
  const tenants = await session.client().get<TenantJson[]>('/api/v1/tenants/')
  const names = tenants.map(tenant => tenant.tenantName)
  if (options.json) session.printJson(tenants)
  else if (options.quiet) for (const name of names) session.print(name)
  else session.io.stdout(table([['Name'], ['------'], ...names.map(name => [name])], { padLast: true }))
}

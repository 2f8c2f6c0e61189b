/** `group create|ls|rm|inspect`. */
import type { Command } from 'commander'
import type { GroupJson } from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'
import { keyOf } from './network-key.ts'
import { addList, addTenant, addWait, type ListOptions, type TenantOption, type WaitOption } from './options.ts'
import { requireTenant, type Session } from './session.ts'
import { table } from './table.ts'

interface CreateOptions extends TenantOption, WaitOption {
  policy?: string[]
  networkprofile?: string
  externalContract?: string[]
  ipPool?: string
  epgTag?: string
}

/** Several flags, or names with commas between them; an empty text is no name. */
const names = (text: string, before: string[] = []) => [...before, ...text.split(',').filter(name => name !== '')]

export function addGroupCommands(program: Command, session: Session): void {
  const group = program.command('group').description('groups of containers under common policies')
  const create = addTenant(group.command('create').argument('<network>').argument('<group>'))
  addWait(create, session)
    .description('create a group, or give it other policies or another profile')
    .option(
      '-p, --policy <policy>',
      'policies of the group, in place of those it has; several times, or with commas',
      names,
    )
    .option('-n, --networkprofile <netprofile>', 'network profile')
    .option('-e, --external-contract <contracts>', 'of ACI; not supported', names)
    .option('-r, --ip-pool <range>', "addresses of the group's members: 10.36.0.1-10.36.0.10")
    .option('--tag, --epg-tag <tag>', 'of Contiv; not supported')
    .action((network: string, name: string, options: CreateOptions) => createGroup(session, network, name, options))
  const remove = addTenant(group.command('rm').alias('delete').argument('<group>').argument('[group]'))
  addWait(remove.description('delete a group without endpoints; Contiv also took NETWORK GROUP'), session).action(
    (first: string, second: string | undefined, options: TenantOption & WaitOption) =>
      removeGroup(session, first, second, options),
  )
  addList(group.command('ls').alias('list').description('list groups')).action((options: ListOptions) =>
    listGroups(session, options),
  )
  addTenant(group.command('inspect').argument('<group>'))
    .description('a group with its endpoints, as JSON')
    .action(async (name: string, { tenant }: TenantOption) => {
      session.printJson(await session.client().get(`/api/v1/inspect/endpointGroups/${keyOf(tenant, name)}/`))
    })
}

async function createGroup(session: Session, network: string, name: string, options: CreateOptions): Promise<void> {
  const { tenant, wait } = options
  // Contiv replaces the policies of a group by those that are named, also by none; skein leaves them alone then
  const policies = options.policy ?? (session.name === 'netctl' ? [] : undefined)
  const reply = await session.client().send('POST', `/api/v1/endpointGroups/${keyOf(tenant, name)}/`, {
    tenantName: tenant,
    groupName: name,
    networkName: network,
    policies,
    netProfile: options.networkprofile,
    extContractsGrps: options.externalContract,
    ipPool: options.ipPool,
    cfgdTag: options.epgTag,
  })
  const changed = reply.dot ? 'changed' : 'exists already'
  const skein = `group ${tenant}:${name} ${reply.existed ? changed : 'created'}`
  await session.confirm(reply, { skein, netctl: '', wait })
}

async function removeGroup(
  session: Session,
  first: string,
  second: string | undefined,
  { tenant, wait }: TenantOption & WaitOption,
): Promise<void> {
  const name = second ?? first
  const path = `/api/v1/endpointGroups/${keyOf(tenant, name)}/`
  if (second !== undefined) {
    const { networkName } = await session.client().get<GroupJson>(path)
    if (networkName !== first) {
      throw new SkeinError(
        'invalid',
        `group ${name} is in network ${networkName}, not ${first}: name the right one, or none`,
      )
    }
  }
  const reply = await session.client().send('DELETE', path)
  await session.confirm(reply, { skein: `group ${tenant}:${name} deleted`, netctl: '', wait })
}

async function listGroups(session: Session, options: ListOptions): Promise<void> {
  await requireTenant(session, options)
  const everything = await session.client().get<GroupJson[]>('/api/v1/endpointGroups/')
  const groups = everything.filter(each => options.all || each.tenantName === options.tenant)
  if (options.json) session.printJson(groups)
  else if (options.quiet) for (const { groupName } of groups) session.print(groupName)
  else {
    const rows = groups.map(each => [
      each.tenantName,
      each.groupName,
      each.networkName,
      (each.policies ?? []).join(','),
    ])
    const head = ['Tenant', 'Group', 'Network', 'Policies']
    session.io.stdout(table([head, ['------', '-----', '-------', '--------'], ...rows]))
  }
}

/** `netprofile create|ls|rm|inspect`. */
import type { Command } from 'commander'
import type { NetProfileJson } from '../src/api/types.ts'
import { keyOf } from './network-key.ts'
import {
  addList,
  addTenant,
  addWait,
  type ListOptions,
  numberOf,
  type TenantOption,
  type WaitOption,
} from './options.ts'
import { requireTenant, type Session } from './session.ts'
import { table } from './table.ts'

interface CreateOptions extends TenantOption, WaitOption {
  bandwidth?: string
  dscp?: string
  burst?: string
}

/** Contiv's, whose rules are not all as long as their heads. */
const head = [
  ['Name', 'Tenant', 'Bandwidth', 'DSCP', 'burst size'],
  ['------', '------', '---------', '--------', '----------'],
]

export function addNetProfileCommands(program: Command, session: Session): void {
  const profile = program
    .command('netprofile')
    .description("bandwidth and marking of groups' traffic; recorded, not yet applied")
  const create = addTenant(profile.command('create').argument('<netprofile>'))
  addWait(create.description('create a profile, or change what is given'), session)
    .option('-b, --bandwidth <bandwidth>', '"10 kbps", 100mbps, 1gbps')
    .option('-d, --dscp <dscp>', '0 to 63')
    .option('-s, --burst <kb>', '2 to 10486 KB')
    .action((name: string, options: CreateOptions) => createProfile(session, name, options))
  const remove = addTenant(profile.command('rm').alias('delete').argument('<netprofile>'))
  addWait(remove.description('delete a profile that no group has'), session).action(
    async (name: string, { tenant, wait }: TenantOption & WaitOption) => {
      const reply = await session.client().send('DELETE', `/api/v1/netprofiles/${keyOf(tenant, name)}/`)
      const skein = `netprofile ${tenant}:${name} deleted`
      await session.confirm(reply, { skein, netctl: `Deleting netprofile ${tenant}:${name}`, wait })
    },
  )
  addList(profile.command('ls').alias('list').description('list profiles')).action((options: ListOptions) =>
    listProfiles(session, options),
  )
  addTenant(profile.command('inspect').argument('<netprofile>'))
    .description('a profile with its groups, as JSON')
    .action(async (name: string, { tenant }: TenantOption) => {
      session.printJson(await session.client().get(`/api/v1/inspect/netprofiles/${keyOf(tenant, name)}/`))
    })
}

async function createProfile(session: Session, name: string, options: CreateOptions): Promise<void> {
  const { tenant, wait, bandwidth, dscp, burst } = options
  const reply = await session.client().send('POST', `/api/v1/netprofiles/${keyOf(tenant, name)}/`, {
    tenantName: tenant,
    profileName: name,
    bandwidth,
    DSCP: dscp === undefined ? undefined : numberOf('--dscp', dscp, 0, 63),
    burst: burst === undefined ? undefined : numberOf('--burst', burst, 0, 10_486),
  })
  const changed = reply.dot ? 'changed' : 'exists already'
  await session.confirm(reply, {
    skein: `netprofile ${tenant}:${name} ${reply.existed ? changed : 'created'}`,
    netctl: `Creating netprofile ${tenant}:${name}`,
    wait,
  })
  if (!reply.existed) session.note(`netprofile ${name} is recorded; this version does not apply it to traffic`)
}

async function listProfiles(session: Session, options: ListOptions): Promise<void> {
  await requireTenant(session, options)
  const everything = await session.client().get<NetProfileJson[]>('/api/v1/netprofiles/')
  const profiles = everything.filter(each => options.all || each.tenantName === options.tenant)
  if (options.json) session.printJson(profiles)
  else if (options.quiet) for (const { profileName } of profiles) session.print(profileName)
  else {
    const rows = profiles.map(each => [
      ...[each.profileName, each.tenantName, each.bandwidth ?? ''],
      ...[String(each.DSCP ?? 0), String(each.burst ?? 0)],
    ])
    session.io.stdout(table([...head, ...rows]))
  }
}

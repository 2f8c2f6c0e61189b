/** `ip ls`: which host may hand out how many addresses of a network. */
import type { Command } from 'commander'
import type { AddressesJson } from '../src/api/types.ts'
import { keyOf } from './network-key.ts'
import { addTenant, type TenantOption } from './options.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

export function addAddressCommands(program: Command, session: Session): void {
  const ip = program.command('ip').description('addresses of networks')
  addTenant(ip.command('ls').alias('list').argument('<network>'))
    .description('which hosts may hand out addresses of a network, and how many are left')
    .option('-j, --json', 'as JSON, with the addresses themselves')
    .action(async (name: string, { tenant, json }: TenantOption & { json?: boolean }) => {
      const path = `/api/v1/addresses/${keyOf(tenant, name)}`
      const addresses = await session.client().get<AddressesJson>(json ? `${path}?ranges=true` : path)
      if (json) session.printJson(addresses)
      else session.io.stdout(addressTable(addresses))
    })
}

export function addressTable({ owners, quarantined }: AddressesJson): string {
  const rows = owners.map(({ owner, addresses, used, free, state }) => [
    owner,
    String(addresses),
    String(used),
    String(free),
    state,
  ])
  // given away twice: nobody may use them, and `status` has the condition
  if (quarantined.addresses > 0)
    rows.push(['-', String(quarantined.addresses), '-', '0', 'quarantined: see skein status'])
  return table([['OWNER', 'ADDRESSES', 'USED', 'FREE', 'STATE'], ...rows])
}

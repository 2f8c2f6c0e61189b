/** `ip ls|reserve|release`: which host may hand out how many addresses of a network, and which it keeps. */
import type { Command } from 'commander'
import type { AddressesJson, ReservedJson } from '../src/api/types.ts'
import { keyOf } from './network-key.ts'
import { addTenant, addWait, type TenantOption, type WaitOption } from './options.ts'
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
  const reserve = addTenant(ip.command('reserve').argument('<network>').argument('<address>'))
    .description('keep an address on a host for docker run --ip, also in a split')
    .option('--peer <host>', 'the host, by its name or key; else the one that answers')
  addWait(reserve, session).action((name: string, address: string, options: ReserveOptions) =>
    reserveAddress(session, name, address, options),
  )
  const release = addTenant(ip.command('release').argument('<network>').argument('<address>'))
  addWait(release.description('let any container have a reserved address'), session).action(
    (name: string, address: string, options: ReserveOptions) => releaseAddress(session, name, address, options),
  )
}

type ReserveOptions = TenantOption & WaitOption & { peer?: string }

async function reserveAddress(session: Session, name: string, address: string, options: ReserveOptions): Promise<void> {
  const { tenant, peer, wait } = options
  const path = `/api/v1/addresses/${keyOf(tenant, name)}/reserve`
  const reply = await session
    .client()
    .send<ReservedJson>('POST', path, peer === undefined ? { address } : { address, peer })
  const what = `${reply.body.address} of ${tenant}:${name}`
  const skein = `${what} is ${reply.existed ? 'already ' : ''}reserved for ${reply.body.owner}`
  await session.confirm(reply, { skein, netctl: `Reserving ${what}`, wait })
}

async function releaseAddress(session: Session, name: string, address: string, options: ReserveOptions): Promise<void> {
  const { tenant, wait } = options
  const path = `/api/v1/addresses/${keyOf(tenant, name)}/release`
  const reply = await session.client().send<ReservedJson>('POST', path, { address })
  const what = `${reply.body.address} of ${tenant}:${name}`
  const skein = reply.existed ? `${what} is not reserved` : `${what} is reserved for ${reply.body.owner} no longer`
  await session.confirm(reply, { skein, netctl: `Releasing ${what}`, wait })
}

export function addressTable({ owners, quarantined, reserved }: AddressesJson): string {
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
  const kept = reserved.map(({ address, owner }) => `reserved: ${address} for ${owner}\n`)
  return [table([['OWNER', 'ADDRESSES', 'USED', 'FREE', 'STATE'], ...rows]), ...kept].join('')
}

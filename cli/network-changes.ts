/** `network rename|drain`: what resolves two networks of one name. */
import type { Command } from 'commander'
import type { DrainJson, RenamedJson } from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'
import { keyOf } from './network-key.ts'
import { addTenant, addWait, type TenantOption, type WaitOption } from './options.ts'
import type { Session } from './session.ts'

type DrainOptions = TenantOption & WaitOption & { into?: string; cancel?: boolean }

export function addNetworkChanges(network: Command, session: Session): void {
  const rename = addTenant(network.command('rename').argument('<network>').argument('<name>'))
  addWait(
    rename.description('give a network another name; Docker takes it on when no container is on it'),
    session,
  ).action((name: string, newName: string, options: TenantOption & WaitOption) =>
    renameNetwork(session, name, newName, options),
  )
  const drain = addTenant(network.command('drain').argument('<network>'))
    .description('move the containers of a network into another of the tenant, then delete it')
    .option('--into <network>', 'where they go')
    .option('--cancel', 'let those stay that are still there')
  addWait(drain, session).action((name: string, options: DrainOptions) => drainNetwork(session, name, options))
}

async function renameNetwork(
  session: Session,
  name: string,
  newName: string,
  { tenant, wait }: TenantOption & WaitOption,
): Promise<void> {
  const path = `/api/v1/networks/${keyOf(tenant, name)}/rename`
  const reply = await session.client().send<RenamedJson>('POST', path, { name: newName })
  const skein = reply.existed
    ? `network ${tenant}:${name} bears that name already`
    : `network ${tenant}:${name} renamed to ${newName}`
  await session.confirm(reply, { skein, netctl: `Renaming network ${tenant}:${name}`, wait })
}

async function drainNetwork(session: Session, name: string, options: DrainOptions): Promise<void> {
  const { tenant, into, cancel, wait } = options
  if ((into === undefined) === (cancel !== true)) {
    throw new SkeinError(
      'usage',
      `say where its containers go with --into NETWORK, or --cancel; see: ${session.name} network drain --help`,
    )
  }
  const path = `/api/v1/networks/${keyOf(tenant, name)}/drain`
  const reply = await session.client().send<DrainJson>('POST', path, cancel ? { cancel } : { into })
  await session.confirm(reply, {
    skein: drainText(reply.body, cancel === true),
    netctl: `Draining network ${tenant}:${name}`,
    wait,
  })
}

function drainText({ key, into, endpoints, existed }: DrainJson, cancel: boolean): string {
  if (cancel) return existed ? `network ${key} is not being drained` : `network ${key} is drained no longer`
  const left = `${endpoints} ${endpoints === 1 ? 'endpoint' : 'endpoints'} left; see skein conditions`
  return `network ${key} is ${existed ? 'already ' : ''}being drained into ${into}: ${left}`
}

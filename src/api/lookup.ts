/** Finding what a request names. */
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { SkeinError } from '../lib/errors.ts'
import { defaultTenant } from '../model/names.ts'

/** How many ms a write may spend on learning what the other members know, before it decides. */
export const syncBeforeWriteMs = 500

/** A route whose last part is an object's key. */
export interface KeyRoute {
  Params: { key: string }
}

/** Networks that a user can name: those being deleted are gone as far as lists go (`status` shows them). */
export function liveNetworks(view: Pick<RegistryView, 'networks'>, tenant?: string): Network[] {
  return view.networks(tenant).filter(network => network.status === 'live')
}

export function networkKey(network: Pick<Network, 'tenant' | 'name'>): string {
  return `${network.tenant}:${network.name}`
}

/** Splits `tenant:network`; throws `invalid`. */
export function splitKey(key: string): { tenant: string; name: string } {
  const [tenant, name, ...rest] = key.split(':')
  if (tenant && name && rest.length === 0) return { tenant, name }
  throw new SkeinError('invalid', `network key ${JSON.stringify(key)} is invalid: write it as TENANT:NETWORK`)
}

/** Throws `not-found` unless the tenant exists. */
export function requireTenant(view: Pick<RegistryView, 'hasTenant'>, tenant: string): void {
  if (view.hasTenant(tenant)) return
  throw new SkeinError('not-found', `tenant ${tenant} does not exist: create it with: skein tenant create ${tenant}`)
}

/** The live network of a key; throws `invalid` or `not-found`. */
export function requireNetwork(view: RegistryView, key: string): Network {
  const { tenant, name } = splitKey(key)
  requireTenant(view, tenant)
  const network = view.networkByName(tenant, name)
  if (network) return network
  const list = `skein net ls${tenantFlag(tenant)}`
  throw new SkeinError('not-found', `network ${name} does not exist${inTenant(tenant)}: see ${list}`)
}

/** ` in tenant blue`; nothing for the default tenant. */
export function inTenant(tenant: string): string {
  return tenant === defaultTenant ? '' : ` in tenant ${tenant}`
}

/** ` -t blue`, to be put into a command; nothing for the default tenant. */
export function tenantFlag(tenant: string): string {
  return tenant === defaultTenant ? '' : ` -t ${tenant}`
}

/** Names of tenants and networks: Contiv's rule (a sequence of DNS labels, at most 64 characters). */
import { SkeinError } from '../lib/errors.ts'

const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
const pattern = new RegExp(`^${label}(?:\\.${label})*$`)

/** Docker's own rule (moby daemon/names), which networks born in Docker follow: compose says `my_app_default`. */
const dockerPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/** The tenant that exists without having been created. */
export const defaultTenant = 'default'

export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= 64 && pattern.test(text)
}

/** What a network's record may be called: wider than what the API accepts, since Docker's names are. */
export function isNetworkName(text: string): boolean {
  return dockerPattern.test(text)
}

/** Throws `invalid` unless `text` is a name; `what` is "tenant" or "network". */
export function checkName(what: string, text: string): void {
  if (!isName(text)) {
    throw new SkeinError(
      'invalid',
      `${what} name ${JSON.stringify(text)} is invalid: use letters, digits, inner '-' and '.', at most 64 characters`,
    )
  }
}

/** The network's own name of what was typed into Docker for this tenant: the inverse of `dockerName`. */
export function bareName(tenant: string, typed: string): string {
  const suffix = `/${tenant}`
  return tenant !== defaultTenant && typed.endsWith(suffix) ? typed.slice(0, -suffix.length) : typed
}

/** Docker's name of a network: `net`, or `net/tenant` outside the default tenant. */
export function dockerName(tenant: string, network: string): string {
  return tenant === defaultTenant ? network : `${network}/${tenant}`
}

/** What a group is called in Docker, within its tenant: `db.web`, as in Contiv. */
export function groupNetworkName(group: string, network: string): string {
  return `${group}.${network}`
}

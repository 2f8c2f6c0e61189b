/** Names of tenants and networks: Contiv's rule (a sequence of DNS labels, at most 64 characters). */
import { SkeinError } from '../lib/errors.ts'

const label = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?'
const pattern = new RegExp(`^${label}(?:\\.${label})*$`)

/** The tenant that exists without having been created. */
export const defaultTenant = 'default'

export function isName(text: string): boolean {
  return text.length >= 1 && text.length <= 64 && pattern.test(text)
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

/** Docker's name of a network: `net`, or `net/tenant` outside the default tenant. */
export function dockerName(tenant: string, network: string): string {
  return tenant === defaultTenant ? network : `${network}/${tenant}`
}

/** Flags that several commands have. */
import type { Command } from 'commander'
import { SkeinError } from '../src/lib/errors.ts'
import type { Session } from './session.ts'

export interface WaitOption {
  wait?: boolean
}

/** skein's writes can wait for the members; netctl's have no such flag. */
export function addWait(command: Command, session: Session): Command {
  return session.name === 'skein'
    ? command.option('--wait', 'until every member within reach has it, up to 8 s')
    : command
}

export interface TenantOption {
  tenant: string
}

export function addTenant(command: Command): Command {
  return command.option('-t, --tenant <tenant>', 'name of the tenant', 'default')
}

export interface ListOptions extends TenantOption {
  all?: boolean
  json?: boolean
  quiet?: boolean
}

export function addList(command: Command): Command {
  return addTenant(command)
    .option('-a, --all', 'of all tenants')
    .option('-j, --json', 'as JSON')
    .option('-q, --quiet', 'names only')
}

/** A whole number of a flag; throws `usage`, naming the flag. */
export function numberOf(flag: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new SkeinError('usage', `${flag} ${JSON.stringify(text)} is invalid: use a number from ${min} to ${max}`)
}

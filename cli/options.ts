/** Flags that several commands have. */
import type { Command } from 'commander'
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

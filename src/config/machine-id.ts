/** The id of this machine that its operating system keeps. */
import { readFileSync } from 'node:fs'

/** 32 hex digits; '' where there are none: an image may have an empty file, or say `uninitialized` (man 5 machine-id). */
export function findMachineId(path = '/etc/machine-id'): string {
  try {
    return /^[0-9a-f]{32}$/.exec(readFileSync(path, 'utf8').trim())?.[0] ?? ''
  } catch {
    return '' // a system without one
  }
}

/** What a damaged journal still says: everything before the damage. The damaged file is kept. */

import type { Disk } from './disk.ts'
import type { OpenJournal } from './journal.ts'
import { JournalDamage } from './journal-damage.ts'

/** Where the damaged bytes are kept, beside the journal. */
export const damagedSuffix = '.damaged'

/**
 * Opens the journal. One that is damaged is copied to `NAME.damaged` and cut off before the damage, and `damaged` says so in
 * one line: what follows the damage is lost, so the caller must not write under the same key.
 */
export async function openOrSalvage(open: OpenJournal, disk: Disk, name: string) {
  try {
    return { ...(await open(disk, name)), damaged: undefined }
  } catch (error) {
    const bytes = error instanceof JournalDamage && (await disk.read(name))
    if (!bytes) throw error
    await disk.replace(`${name}${damagedSuffix}`, bytes)
    await disk.replace(name, error.sound)
    return { ...(await open(disk, name)), damaged: error.message }
  }
}

/** A journal of which more than the last write is damaged, as an error that knows what is left. */
import { SkeinError } from '../lib/errors.ts'

/** Damage to what was synchronised. */
export class JournalDamage extends SkeinError {
  /** A journal of the whole groups that precede the damage. */
  readonly sound: Uint8Array

  constructor(message: string, sound: Uint8Array) {
    super('damaged', message)
    this.sound = sound
  }
}

/** @param sound so many bytes of `file` */
export function damaged(name: string, offset: number, file: Uint8Array, sound: number): JournalDamage {
  return new JournalDamage(
    `journal ${name} is damaged at byte ${offset} of ${file.length}, before its last write: check the disk, move the data ` +
      'directory away and let this host join anew with a token of `skein peer invite`',
    file.subarray(0, sound),
  )
}

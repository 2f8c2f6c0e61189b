/** R8, without meeting anybody: a data directory that is behind the note outside of it is an old copy. */
import { decode } from '../../../src/lib/cbor.ts'
import type { Host } from '../host.ts'
import type { Peer } from '../peer.ts'
import type { World } from '../world.ts'

/** To be called when the process has read its journal. */
export function checkNote(world: World, host: Host, { replica }: Peer): void {
  const bytes = host.witness.copy().get(host.signer.key)
  const note = bytes && opened(bytes)
  const noted = Array.isArray(note) ? Number(note[1]) : 0
  const held = replica.vector().get(host.signer.key)?.[0]?.counter ?? 0
  if (noted > held && !replica.fenced) {
    world.violate('R8', `${host.name} has ${held} of the ${noted} records that are noted outside of them, and goes on`)
  }
}

/** Undefined of one that is torn. */
function opened(bytes: Uint8Array) {
  try {
    return decode(bytes, 64)
  } catch {
    return undefined
  }
}

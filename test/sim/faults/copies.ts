/**
 * Data directories that are copied (R8): an older one is put back, or one is started beside the original. The note outside of
 * the directory stays, is lost, or is copied too, as with a whole machine.
 */
import type { Host } from '../host.ts'
import { dieHost, startHost } from '../lifecycle.ts'
import type { Random } from '../random.ts'
import type { World } from '../world.ts'
import { type Fault, restartLater } from './fault.ts'

type Files = ReadonlyMap<string, Uint8Array>

interface Copy {
  readonly files: Files
  readonly note: Files
  readonly signer: Host['signer']
  readonly membership: Host['membership']
  readonly isFounder: boolean
  readonly former: Host['former']
}

const notes = ['stays', 'is lost', 'is copied too'] as const
/** Clones get places of their own, behind those of any plan. */
const clonePlaces = 1000

export const copyFaults: Record<string, Fault> = {
  rollback: {
    weight: 1.5,
    absent: 0.8,
    strike(stroke) {
      const { world, host, random, struck } = stroke
      if (!host.ready) return
      const copy = copyOf(host)
      world.history.note(`the data directory of ${host.name} is copied`)
      world.time.after(random.spread(300, 30_000), () => {
        if (world.quiet || host.gone) return
        dieHost(world, host, random.chance(0.5) ? 'kill' : 'power')
        putBack(world, host, copy, random)
        struck()
        restartLater(stroke)
      })
    },
  },
  clone: {
    weight: 1,
    absent: 0.8,
    strike({ world, host, random, struck }) {
      if (!host.ready) return
      const copy = copyOf(host)
      world.time.after(random.spread(10, 20_000), () => {
        if (world.quiet || host.gone || host.signer !== copy.signer) return
        startClone(world, host, copy, random)
        struck()
      })
    },
  },
}

export function copyOf({ disk, witness, signer, membership, isFounder, former }: Host): Copy {
  return { files: disk.copy(), note: witness.copy(), signer, membership, isFounder, former }
}

/** The host is down; its directory becomes what it was. */
export function putBack(world: World, host: Host, copy: Copy, random: Random, note = random.pick(notes)): void {
  world.history.note(`the data directory of ${host.name} is put back; the note outside of it ${note}`)
  world.copies.begin(copy.signer.key)
  if (host.signer !== copy.signer) {
    host.abandoned.push(host.signer.key)
    world.doubt([host.signer.key])
  }
  // the moment between asking to come back and coming back is too short for a copy
  host.comingBack = undefined
  host.disk.restore(copy.files)
  if (note !== 'stays') host.witness.restore(note === 'is lost' ? new Map() : copy.note)
  host.signer = copy.signer
  host.membership = copy.membership
  host.isFounder = copy.isFounder
  host.former = copy.former
  world.durability.forget(host.name)
  const inUse = new Set([...host.containers.values()].map(container => container.holding))
  world.addresses.restored(host.name, holding => inUse.has(holding))
}

/** A further machine with the copy, and nothing running on it. */
export function startClone(world: World, host: Host, copy: Copy, random: Random): Host {
  world.copies.begin(copy.signer.key)
  const clone = world.addHost(clonePlaces + world.hosts.length, `${host.name}-clone${world.hosts.length}`)
  clone.disk.restore(copy.files)
  if (random.chance(0.3)) clone.witness.restore(copy.note)
  clone.signer = copy.signer
  clone.membership = copy.membership
  clone.former = copy.former
  world.history.note(`${clone.name} starts with a copy of the data directory of ${host.name}`)
  void startHost(world, clone)
  return clone
}

/**
 * In a process of its own, to be killed: a replica on real files that writes without end, and whose journal is rewritten all the
 * time. Prints lines of JSON: first what it has read, then what is durable, and each rewriting as it begins and ends.
 * Arguments: a directory, the number from which on it counts.
 */
import { writeSync } from 'node:fs'
import { meshIdOf } from '../../../src/crdt/identity.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { signerOf, verifySignature } from '../../../src/lib/keys.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { found } from '../../../src/replica/admission.ts'
import { createReplica } from '../../../src/replica/create.ts'
import { openJournal } from '../../../src/store/append-journal.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { openFileDisk } from '../../../src/store/file-disk.ts'
import { deafTransport, nonce, seedAt } from './rig.ts'

/** Facts of about 8 KB: a rewriting takes many writes to the file, and a while on the fastest disk, too. */
const facts = 200
const filler = 'x'.repeat(8000)

const [directory = '', first = '0'] = process.argv.slice(2)
const say = (line: unknown) => void writeSync(1, `${JSON.stringify(line)}\n`)

const files = await openFileDisk(directory)
const disk: Disk = {
  ...files,
  async draft(name) {
    say({ rewriting: 'begins' })
    const draft = await files.draft(name)
    const place = async () => {
      const file = await draft.place()
      say({ rewriting: 'ends' })
      return file
    }
    return { ...draft, place }
  },
}
const signer = signerOf(seedAt(1))
const replica = await createReplica({
  ...{ meshId: meshIdOf(signer.key, nonce), signer, verify: verifySignature, disk, openJournal },
  ...{ witnessDisk: await openFileDisk(`${directory}-witness`), transport: deafTransport(signer.key) },
  ...{ clock: systemClock, random: Math.random, log: silentLogger },
  rewriting: { floorBytes: 0, deadShare: 0.3, restMs: 0 },
})
say({
  fenced: replica.fenced?.message,
  facts: replica.local.entries('f').map(([key, value]) => [key, Number(value.split(' ')[0])]),
  tenants: replica.view.tenants(),
})
if (!replica.view.member(replica.self)) await found(replica, nonce, 'host1', ['10.0.0.1:7373'])
replica.start()
for (let count = Number(first); ; count++) {
  await replica.local.set([[`f${count % facts}`, `${count} ${filler}`]])
  say({ fact: count % facts, is: count })
  if (count % 10 === 0) {
    await replica.write(() => [{ kind: 'tenant', name: `t${count}` }])
    say({ tenant: `t${count}` })
  }
}

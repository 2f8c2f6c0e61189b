/**
 * In a process of its own: a peer without Docker and kernel on a directory. Prints one line of JSON.
 * Arguments: a directory, mesh id, the number of the member, `read` or `rewrite`.
 */
import '../../src/polyfills.ts'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { systemClock } from '../../src/lib/clock.ts'
import { signerOf, verifySignature } from '../../src/lib/keys.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { createMesh } from '../../src/mesh/create.ts'
import { createReplica, journalName } from '../../src/replica/create.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import type { Disk } from '../../src/store/disk.ts'
import { openFileDisk } from '../../src/store/file-disk.ts'
import { seedOfMember } from './mesh-records.ts'

const [directory = '', meshId = '', member = '0', what = ''] = process.argv.slice(2)
const seed = seedOfMember(Number(member))
const shared = { signer: signerOf(seed), verify: verifySignature, clock: systemClock, log: silentLogger }
const mesh = createMesh({ seed, meshId, listen: '127.0.0.1:0', clock: systemClock, log: silentLogger })
const files = await openFileDisk(directory)
let placedMs: number | undefined
const disk: Disk = {
  ...files,
  async draft(name) {
    const draft = await files.draft(name)
    const place: typeof draft.place = async () => {
      const file = await draft.place()
      placedMs = performance.now()
      return file
    }
    return { ...draft, place }
  },
}
const sizeOf = async () => {
  for (let size = 0; ; size += 2 ** 20) {
    const { length } = await files.readAt(journalName, size, 2 ** 20)
    if (length < 2 ** 20) return size + length
  }
}
const bytes = await sizeOf()
const begun = performance.now()
const replica = await createReplica({ ...shared, meshId, disk, openJournal, transport: mesh, random: Math.random })
const openMs = performance.now() - begun
const result = { openMs, bytes, records: replica.view.size() }

/** Writes one after the other while `isOn` says so; how long each took, ms. */
async function writeWhile(isOn: (count: number) => boolean): Promise<number[]> {
  const times: number[] = []
  while (isOn(times.length)) {
    const from = performance.now()
    await replica.write(() => [{ kind: 'tenant', name: `t${times.length}` }])
    times.push(performance.now() - from)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  return times
}

if (what === 'read') process.stdout.write(`${JSON.stringify(result)}\n`)
else {
  const { maxRSS } = process.resourceUsage()
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const startMs = performance.now()
  replica.start()
  const during = await writeWhile(() => placedMs === undefined)
  const rewriteMs = (placedMs ?? Number.NaN) - startMs
  const blockedMs = delay.max / 1e6
  const resident = 1024 * (process.resourceUsage().maxRSS - maxRSS)
  const after = await writeWhile(count => count < during.length)
  const rest = { rewriteMs, blockedMs, resident, during, after, bytesAfter: await sizeOf() }
  process.stdout.write(`${JSON.stringify({ ...result, ...rest })}\n`)
}
await replica.stop()
process.exit(0)

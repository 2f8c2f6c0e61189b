/**
 * In a process of its own: a peer without Docker and kernel (replica, mesh, admission, addresses, names) opened from a
 * directory. Prints one line of JSON once it stands, then another for each line that it is sent.
 * Arguments: a directory, mesh id, the number of the member.
 */
import '../../src/polyfills.ts'
import { createNames } from '../../src/dns/names.ts'
import { createIpam } from '../../src/ipam/create.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { newSeed, signerOf, verifySignature } from '../../src/lib/keys.ts'
import { silentLogger } from '../../src/lib/log.ts'
import { createMesh } from '../../src/mesh/create.ts'
import { createAdmission } from '../../src/replica/admission.ts'
import { createReplica } from '../../src/replica/create.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import { openFileDisk } from '../../src/store/file-disk.ts'
import { seedOfMember } from './mesh-records.ts'

const [directory = '', meshId = '', member = '0'] = process.argv.slice(2)
const seed = seedOfMember(Number(member))
const shared = { signer: signerOf(seed), verify: verifySignature, clock: systemClock, log: silentLogger }
const mesh = createMesh({ seed, meshId, listen: '127.0.0.1:0', clock: systemClock, log: silentLogger })
const disk = await openFileDisk(directory)
const begun = performance.now()
const replica = await createReplica({ ...shared, meshId, disk, openJournal, transport: mesh, random: Math.random })
const members = replica.view.members().length
const openMs = performance.now() - begun
createAdmission({ ...shared, replica, mesh: { ...mesh, setMembers: () => {}, onJoin: () => {} }, newSeed }).start()
const ipam = createIpam({ ...shared, replica, transport: mesh, random: Math.random })
ipam.start()
createNames(replica.view, replica.self, systemClock).local()
await mesh.start()
process.stdout.write(`${JSON.stringify({ openMs, members, size: replica.view.size() })}\n`)
setInterval(() => {}, 2 ** 30)

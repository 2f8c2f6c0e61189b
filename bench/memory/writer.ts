/**
 * A second peer without Docker and kernel, run on a host of the lab: joins with a token, writes endpoints as if it had
 * that many containers, and ends with 0 once every connected member holds them all.
 * Arguments: TOKEN, ADDR:PORT to listen on, a directory for its records, names of the networks with commas between, number of
 * endpoints in each, number of them in a write.
 */
import '../../src/polyfills.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { SkeinError } from '../../src/lib/errors.ts'
import { newSeed, signerOf, verifySignature } from '../../src/lib/keys.ts'
import { createLogger } from '../../src/lib/log.ts'
import { createMesh } from '../../src/mesh/create.ts'
import { createRequestJoin } from '../../src/mesh/join.ts'
import { decodeToken } from '../../src/mesh/token.ts'
import { createAdmission } from '../../src/replica/admission.ts'
import { createReplica } from '../../src/replica/create.ts'
import { joinMesh } from '../../src/replica/join.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import { openFileDisk } from '../../src/store/file-disk.ts'
import { endpointNumber } from '../lib/endpoints.ts'

const clock = systemClock
/** No host of the lab has it: the peer under test must take these endpoints for another host's. */
const vtepAddress = '192.168.2.200'
const firstVni = 0x900000
const inFlight = 32
const limitMs = 60_000

/** Becomes a settled member; resolves with its replica. */
async function joinAsPeer(token: string, listen: string, directory: string): Promise<Replica> {
  const seed = newSeed()
  const signer = signerOf(seed)
  const invitation = decodeToken(token)
  const { meshId } = invitation
  const self = { name: 'writer', addresses: [listen] }
  const introductions = await joinMesh(createRequestJoin({ clock }), invitation, signer, self, limitMs)
  const log = createLogger('silent')
  const mesh = createMesh({ seed, meshId, listen, clock, log })
  const shared = { signer, verify: verifySignature, clock, log }
  const disk = await openFileDisk(directory)
  const replica = await createReplica({ ...shared, meshId, disk, openJournal, transport: mesh, random: Math.random })
  mesh.setMembers(introductions)
  createAdmission({ ...shared, replica, mesh, newSeed }).start()
  await mesh.start()
  replica.start()
  await replica.waitFor(view => view.member(signer.key)?.settled === true, limitMs)
  await replica.write(() => [{ kind: 'peer', ...self, vtepAddress, mtu: 1500 }])
  return replica
}

/** Writes `count` endpoints of the network, the first of them this mesh's `from`-th, `together` in a write. */
async function writeEndpoints(
  replica: Replica,
  networkName: string,
  vni: number,
  from: number,
  count: number,
  together: number,
) {
  const found = () => replica.view.networkByName('default', networkName)
  await replica.waitFor(() => found() !== undefined, limitMs)
  const network = found()?.id ?? ''
  await replica.write(() => [{ kind: 'vtep', network, address: vtepAddress, vni }])
  // the last addresses of the subnet: the peer under test hands out none, but its first is the network's own
  const first = replica.view.blockRange(network, replica.view.blockCount(network) - 1).last - count - from
  let next = from
  const one = async () => {
    while (next < from + count) {
      const numbers = Array.from({ length: Math.min(together, from + count - next) }, () => next++)
      await replica.write(() => numbers.map(number => endpointNumber(network, first, number)))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
}

/** Waits until every connected member has all that was written here. */
async function waitForOthers(replica: Replica): Promise<void> {
  const end = clock.monotonic() + limitMs
  const dot = await replica.write(() => [{ kind: 'tenant', name: 'bench-done' }])
  while (dot && clock.monotonic() < end) {
    const { have, missing } = await replica.whoHas(dot, 1000)
    if (have.length > 0 && missing.length === 0) return
    await replica.syncNow(1000)
  }
  throw new SkeinError('timeout', 'the peer under test did not take in all endpoints')
}

const [token = '', listen = '', directory = '', networks = '', count = '', together = ''] = process.argv.slice(2)
const replica = await joinAsPeer(token, listen, directory)
for (const [at, network] of networks.split(',').entries()) {
  await writeEndpoints(replica, network, firstVni + at, at * Number(count), Number(count), Number(together))
}
await waitForOthers(replica)
process.exit(0)

/** Starts the shipped code of one peer on a host's virtual clock, network and disk, as the agent does on real ones. */
import { createDriver, type DockerDriver } from '../../src/driver/driver.ts'
import type { DatapathPort } from '../../src/driver/ports.ts'
import { createIpam } from '../../src/ipam/create.ts'
import type { Ipam } from '../../src/ipam/ipam.ts'
import { parseAddressPool } from '../../src/model/address-pool.ts'
import { type Admission, createAdmission } from '../../src/replica/admission.ts'
import { createReplica } from '../../src/replica/create.ts'
import { createLeavingService, type LeavingService } from '../../src/replica/leaving.ts'
import { createRejoinService, type RejoinService } from '../../src/replica/rejoin.ts'
import { createRemovalService, type RemovalService } from '../../src/replica/removal.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { createReturnService, type ReturnService } from '../../src/replica/return.ts'
import { type Host, recordsOf } from './host.ts'
import { record } from './recorder.ts'
import { simLogger } from './sim-logger.ts'
import { type Life, processClock } from './virtual-clock.ts'
import type { VirtualMesh } from './virtual-mesh.ts'
import type { World } from './world.ts'

export interface Peer {
  readonly life: Life
  readonly mesh: VirtualMesh
  readonly replica: Replica
  readonly admission: Admission
  readonly removal: RemovalService
  readonly returning: ReturnService
  readonly leaving: LeavingService
  readonly rejoining: RejoinService
  readonly ipam: Ipam
  /** What Docker asks for IPv6 addresses. */
  readonly driver: DockerDriver
  /** Containers of its Docker are on record. */
  registered(): void
  /** Writes that are under way: the view may hold what is not durable. */
  pending(): number
}

const range = parseAddressPool('10.64.0.0/10')

/** Reads the journal and builds the parts; nothing is started yet. */
export async function buildPeer(world: World, host: Host, life: Life): Promise<Peer> {
  const { time, network, parts, verify } = world
  const random = host.random.fork()
  const clock = processClock(time, life, () => host.skewMs)
  const log = simLogger(
    world.verbose ? 'debug' : 'warn',
    text => world.history.note(`${host.name} ${text}`),
    text => world.loggedError(host, text),
  )
  const mesh = network.attach(host.name, host.signer.key, life)
  const base = { signer: host.signer, verify, clock, log }
  const inner = await createReplica({
    ...base,
    meshId: host.membership?.meshId ?? '',
    disk: host.disk.open(life, recordsOf(host)),
    witnessDisk: host.witness.open(life),
    openJournal: parts.openJournal,
    collection: parts.collection,
    rewriting: parts.rewriting,
    batchLog: parts.newBatchLog(),
    transport: parts.transportForReplica(mesh),
    random: random.next,
  })
  const { replica, pending } = record(
    inner,
    world.listenerOf(host, () => inner.view),
  )
  const newSeed = () => random.bytes(32)
  const memberBase = { ...base, replica: parts.replicaForMembers(replica), mesh }
  const admission = createAdmission({ ...memberBase, newSeed })
  let registered = () => {}
  const isRegistered = new Promise<void>(resolve => {
    registered = resolve
  })
  const removal = createRemovalService({
    ...memberBase,
    registered: () => isRegistered,
    former: host.former,
  })
  const returning = createReturnService(memberBase)
  const leaving = createLeavingService({ ...memberBase, removal })
  const rejoining = createRejoinService(memberBase)
  const ipam = createIpam({
    ...base,
    clock: parts.clockForIpam(clock),
    newLedger: parts.newLedger,
    replica: parts.replicaForIpam(replica),
    transport: mesh,
    random: random.next,
    cleared: () => returning.cleared(),
  })
  // what is asked of it drives no kernel, and chooses no subnet
  const driver = createDriver({ replica, ipam, clock, driverName: 'mesh', datapath: {} as DatapathPort, range })
  return { life, mesh, replica, admission, removal, returning, leaving, rejoining, ipam, driver, registered, pending }
}

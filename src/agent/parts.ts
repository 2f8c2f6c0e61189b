/** The parts of one incarnation of the peer, built and started in order of dependency, stopped in reverse. */
import '../polyfills.ts'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ApiDeps } from '../api/deps.ts'
import { apiProtocol } from '../api/relay-messages.ts'
import type { Config } from '../config/parse.ts'
import { machineOf } from '../crdt/identity.ts'
import { createDatapath } from '../datapath/index.ts'
import { createDns } from '../dns/index.ts'
import { createDockerClient, createDriver, createReconciler, type DockerDriver, poolIdOf } from '../driver/index.ts'
import { createIpam } from '../ipam/create.ts'
import type { Ipam } from '../ipam/ipam.ts'
import { fromHex } from '../lib/bytes.ts'
import { sleep, systemClock } from '../lib/clock.ts'
import { errorText } from '../lib/errors.ts'
import { run } from '../lib/exec.ts'
import { newSeed, type PeerKey, signerOf, verifySignature } from '../lib/keys.ts'
import type { Logger } from '../lib/log.ts'
import { createMesh } from '../mesh/create.ts'
import { encodeToken } from '../mesh/token.ts'
import type { Mesh } from '../mesh/transport.ts'
import { parseAddressPool } from '../model/address-pool.ts'
import { createAdmission, found } from '../replica/admission.ts'
import { createReplica } from '../replica/create.ts'
import { createLeavingService, type LeavingService } from '../replica/leaving.ts'
import { createRejoinService, type RejoinService } from '../replica/rejoin.ts'
import { createRemovalService } from '../replica/removal.ts'
import type { Replica } from '../replica/replica.ts'
import { createReturnService } from '../replica/return.ts'
import { Witness } from '../replica/witness.ts'
import { openJournal } from '../store/append-journal.ts'
import type { Disk } from '../store/disk.ts'
import { openFileDisk } from '../store/file-disk.ts'
import { fenceCondition, removedHost } from './host-conditions.ts'
import { type Identity, recordsDirectory } from './identity.ts'
import { publishSelf } from './own-record.ts'
import { createUnseenExport } from './unseen-export.ts'

export interface Parts {
  readonly replica: Replica
  readonly mesh: Pick<Mesh, 'connected'>
  readonly driver: DockerDriver
  readonly ipam: Ipam
  readonly leaving: LeavingService
  readonly rejoining: RejoinService
  /** Everything that the API needs but the joining of another mesh, which replaces the parts. */
  readonly api: Omit<ApiDeps, 'admission' | 'version'> & { invite: ApiDeps['admission']['invite'] }
  stop(): Promise<void>
}

/** A part that is up, for stopping it again. */
interface Running {
  name: string
  stop(): void | Promise<void>
}

const clock = systemClock

/** How long the first look at Docker's containers may hold up the giving away of blocks, ms. */
const dockerWaitMs = 2000

/** Builds and starts all parts. When one fails, those that are up are stopped again. */
export async function startParts(config: Config, identity: Identity, log: Logger): Promise<Parts> {
  const running: Running[] = []
  const stop = () => stopAll(running, log)
  try {
    return await build(config, identity, log, part => running.push(part), stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function build(
  config: Config,
  identity: Identity,
  log: Logger,
  up: (part: Running) => void,
  stop: () => Promise<void>,
): Promise<Parts> {
  const signer = signerOf(identity.seed)
  const listen = `${config.listen.address}:${config.listen.port}`
  const child = (part: string) => log.child({ part })
  const directory = join(config.dataDir, recordsDirectory(identity))
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const mesh = createMesh({ seed: identity.seed, meshId: identity.meshId, listen, clock, log: child('mesh') })
  const witness = await witnessOf(config, log)
  const replica = await createReplica({
    meshId: identity.meshId,
    signer,
    verify: verifySignature,
    machine: machineOf(identity.meshId, config.machineId),
    disk: await openFileDisk(directory),
    ...witness,
    openJournal,
    transport: mesh,
    clock,
    random: Math.random,
    log: child('replica'),
  })
  up({ name: 'replica', stop: () => replica.stop() })
  if (identity.nonce) await found(replica, fromHex(identity.nonce), config.name, [listen])

  const nameOf = (key: PeerKey) => replica.view.everMember(key)?.name ?? key.slice(0, 8)
  const returning = createReturnService({ replica, mesh, verify: verifySignature, clock, log: child('removal') })
  const ipamDeps = { replica, transport: mesh, signer, clock, log: child('ipam'), random: Math.random, nameOf }
  const ipam = createIpam({ ...ipamDeps, cleared: () => returning.cleared() })
  const { vxlanPort, vtepAddress, vlanUplink: uplink } = config
  const datapath = createDatapath({
    ...{ replica, clock, log: child('datapath'), vxlanPort, vtepAddress, uplink },
    gatewayChanged: () => dns.lookSoon(),
  })
  const driverName = config.pluginSocket.replace(/^.*\//, '').replace(/\.sock$/, '')
  const range = parseAddressPool(config.addressPool)
  const driver = createDriver({ replica, ipam, datapath, clock, driverName, range })
  const docker = createDockerClient(config.dockerHost)
  const reconciler = createReconciler({
    replica,
    ipam,
    datapath,
    docker,
    networks: driver.networks,
    state: driver.state,
    pools: driver.pools,
    removals: driver.removals,
    range,
    clock,
    log: child('docker'),
    driverName,
  })
  const dns = createDns({
    replica,
    docker,
    dockerIdsOf: (network, group) => driver.networks.dockerIdsOfPool(poolIdOf(network, group)),
    run,
    outletsKnown: outlets => datapath.setOutlets(outlets),
    readText: path => readFile(path, 'utf8').catch(() => undefined), // what is not there is not configured
    clock,
    log: child('dns'),
  })

  mesh.setMembers(identity.introductions)
  const admission = createAdmission({
    replica,
    mesh,
    signer,
    verify: verifySignature,
    clock,
    newSeed,
    log: child('admission'),
  })
  const removal = createRemovalService({
    ...{ replica, mesh, log: child('removal') },
    registered: () => driver.state.registered(),
    ...(witness.witnessDisk ? { seal: sealing(witness.witnessDisk, log) } : {}),
    former: identity.former,
  })
  const rejoining = createRejoinService({ replica, mesh, verify: verifySignature, log: child('admission') })
  const leaving = createLeavingService({ replica, mesh, removal, clock, log: child('removal') })
  admission.start()
  up({ name: 'admission', stop: () => admission.stop() })
  removal.begin()
  returning.begin()
  up({ name: 'return', stop: () => returning.stop() })
  const { dataDir } = config
  const dataDisk = await openFileDisk(dataDir)
  const unseen = await createUnseenExport({ replica, disk: dataDisk, dataDir, log: child('removal') })
  up({ name: 'export', stop: unseen.stop })
  up({ name: 'removal', stop: () => removal.stop() })
  datapath.start()
  up({ name: 'datapath', stop: () => datapath.stop() })
  await mesh.start()
  up({ name: 'mesh', stop: () => mesh.stop() })
  replica.start()
  const unwatch = await publishSelf(replica, config, listen, log)
  up({ name: 'self', stop: unwatch })
  reconciler.start()
  up({ name: 'docker', stop: () => reconciler.stop() })
  dns.start()
  up({ name: 'dns', stop: () => dns.stop() })
  // blocks are given away only once the containers that Docker runs are known (R5); without Docker there are none
  let stopped = false
  const adopted = Promise.race([driver.state.registered(), sleep(clock, dockerWaitMs)])
  void Promise.all([adopted, returning.cleared()]).then(() => stopped || ipam.start())
  const stopIpam = () => {
    stopped = true
    return ipam.stop()
  }
  up({ name: 'ipam', stop: stopIpam })

  const api: Parts['api'] = {
    replica,
    ipam,
    removal,
    nameOf,
    connected: () => mesh.connected(),
    relay: {
      ask: (to, request, timeoutMs) => mesh.request(to, apiProtocol, request, timeoutMs),
      handle: answer => mesh.handle(apiProtocol, answer),
    },
    invite: async (ttlMs, uses) => encodeToken(await admission.invite(ttlMs, [listen], uses)),
    ruleCounters: tenant => datapath.ruleCounters(tenant),
    hostStatus: () => ({
      docker: reconciler.dockerIsUp()
        ? { reachable: true, error: '' }
        : { reachable: false, error: `Docker does not answer at ${config.dockerHost}` },
      datapath: datapath.status(),
      conditions: [
        ...fenceCondition(replica),
        ...reconciler.conditions(),
        ...dns.conditions(),
        ...datapath.status().conditions,
        ...removedHost(replica, unseen.file()),
      ],
    }),
  }
  return { replica, mesh, driver, ipam, leaving, rejoining, api, stop }
}

/** Without a place for it the peer runs all the same: an old copy of its data is then found out at the first contact only. */
async function witnessOf({ witnessDir }: Config, log: Logger): Promise<{ witnessDisk?: Disk }> {
  try {
    return { witnessDisk: await openFileDisk(witnessDir) }
  } catch (error) {
    log.warn(
      { witnessDir, err: errorText(error) },
      'no place outside the data directory to note how far the records go',
    )
    return {}
  }
}

/** Notes of a key that was lost that it was given up. */
function sealing(disk: Disk, log: Logger): (key: PeerKey) => Promise<void> {
  return key => new Witness({ disk, self: key, clock, log }).seal()
}

async function stopAll(running: Running[], log: Logger): Promise<void> {
  for (const part of running.splice(0).reverse()) {
    try {
      await part.stop()
    } catch (error) {
      log.warn({ part: part.name, err: errorText(error) }, 'a part did not stop cleanly')
    }
  }
}

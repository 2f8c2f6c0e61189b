/** The shipped replica on a real directory with nobody to talk to, in a mesh of its own with one network. */
import { createNetworkLeaves } from '../../src/crdt/acts.ts'
import { meshIdOf } from '../../src/crdt/identity.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { newSeed, signerOf, verifySignature } from '../../src/lib/keys.ts'
import { silentLogger } from '../../src/lib/log.ts'
import type { Transport } from '../../src/mesh/transport.ts'
import { checkNetwork, type NetworkId } from '../../src/model/network.ts'
import { found } from '../../src/replica/admission.ts'
import { createReplica } from '../../src/replica/create.ts'
import type { Replica } from '../../src/replica/replica.ts'
import { openJournal } from '../../src/store/append-journal.ts'
import { openFileDisk } from '../../src/store/file-disk.ts'

export interface SoloReplica {
  readonly replica: Replica
  readonly network: NetworkId
}

export async function openSoloReplica(directory: string): Promise<SoloReplica> {
  const signer = signerOf(newSeed())
  const nonce = newSeed().subarray(0, 16)
  const replica = await createReplica({
    meshId: meshIdOf(signer.key, nonce),
    signer,
    verify: verifySignature,
    disk: await openFileDisk(directory),
    openJournal,
    transport: deafTransport(signer.key),
    clock: systemClock,
    random: Math.random,
    log: silentLogger,
  })
  await found(replica, nonce, 'bench', ['127.0.0.1:7373'])
  const act = { tenant: 'default', name: 'bench', subnet: '10.60.0.0/16' }
  await replica.write(view => createNetworkLeaves(view, { ...act, spec: checkNetwork(act) }))
  const network = replica.view.networkByName(act.tenant, act.name)
  if (!network) throw new Error('the network that was just written is not there')
  return { replica, network: network.id }
}

/** Of a peer alone. */
function deafTransport(self: string): Transport {
  return {
    self,
    connected: () => [],
    broadcast: () => {},
    request: () => Promise.reject(new Error('nobody is connected')),
    handle: () => {},
    onBroadcast: () => {},
    onConnect: () => {},
    onDisconnect: () => {},
    reconnect: () => {},
    setMembers: () => {},
  }
}

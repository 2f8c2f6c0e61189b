/**
 * In a process of its own: what one change costs a peer that holds many records, from the bytes of the batch until all who
 * look at changes have looked. Prints JSON. Arguments: endpoints held, networks they are in.
 */
import { isSigned, openBatch } from '../../src/crdt/batch.ts'
import { Registry } from '../../src/crdt/registry.ts'
import { RunningPlan } from '../../src/datapath/running-plan.ts'
import { createNames } from '../../src/dns/names.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { verifySignature } from '../../src/lib/keys.ts'
import { endpointLeafAt, writeEndpoints } from './endpoint-load.ts'
import { createMeshRecords } from './mesh-records.ts'

const held = Number(process.argv[2] ?? 10_000)
const networks = Number(process.argv[3] ?? 100)
const changes = 300

const mesh = createMeshRecords({ members: 100, networks, prefix: networks === 1 ? 12 : 20 })
writeEndpoints(mesh, 0, held, 256)
const registry = new Registry(mesh.meshId, verifySignature)
for (const { batches } of mesh.chains) for (const batch of batches) registry.apply(batch)
const self = mesh.chains[1]?.signer.key ?? ''
const names = createNames(registry, self, systemClock)
names.localVersion()
registry.networks()
registry.members()

const plans = new Map(
  mesh.networks.map(network => [network, new RunningPlan({ self, ownAddress: '172.16.0.2', network })]),
)
for (const [network, plan] of plans) {
  plan.follow(registry)
  names.addresses(network, 'web')
}

const times: Record<'merge' | 'look' | 'digest' | 'plan' | 'names', number[]> = {
  ...{ merge: [], look: [], digest: [], plan: [], names: [] },
}
const timed = (into: number[], work: () => unknown) => {
  const begun = performance.now()
  work()
  into.push((performance.now() - begun) * 1000)
}
for (let number = 0; number < changes; number++) {
  const encoded = mesh.chains[0]?.write([endpointLeafAt(mesh, held + number)]).bytes ?? new Uint8Array()
  timed(times.merge, () => {
    const batch = openBatch(encoded)
    if (!isSigned(batch, verifySignature)) throw new Error('not signed')
    registry.apply(batch)
  })
  // what the listeners of a change ask: admission, guards, reconciler, names
  timed(times.look, () => [
    registry.membersVersion(),
    registry.vnisVersion(),
    registry.networksVersion(),
    names.localVersion(),
  ])
  timed(times.digest, () => registry.digest())
  // the data path, of the one network that changed, and only if this host has it
  const network = endpointLeafAt(mesh, held + number).network
  timed(times.plan, () => plans.get(network)?.follow(registry))
  timed(times.names, () => names.addresses(network, 'web'))
}
process.stdout.write(`${JSON.stringify(times)}\n`)

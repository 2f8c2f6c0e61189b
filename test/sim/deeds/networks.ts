/** Networks of other kinds: VLANs, whose tags all tenants share, and such with IPv6 besides. Few of each, so that both sides of a split choose the same. */
import { createNetwork } from '../../../src/api/create-network.ts'
import type { ApiDeps } from '../../../src/api/deps.ts'
import type { NetworkRequest } from '../../../src/model/network.ts'
import type { Random } from '../random.ts'
import type { Deed, Turn } from './deed.ts'

type Spec = Pick<NetworkRequest, 'subnet' | 'subnet6' | 'gateway' | 'gateway6'>

const wires: readonly Spec[] = [
  { subnet: '10.2.1.0/28' },
  { subnet: '10.2.2.0/29' },
  { subnet: '10.2.3.0/28', gateway: '10.2.3.14' },
  { subnet: '10.2.4.0/28', subnet6: 'fd00:2:4::/64' },
]
/** 0: Skein chooses. */
const tags = [0, 100, 100, 101]

const dual: readonly Spec[] = [
  { subnet: '10.3.1.0/28', subnet6: 'fd00:3:1::/64' },
  { subnet: '10.3.2.0/29', subnet6: 'fd00:3:1::/80' },
  { subnet: '10.3.3.4-10.3.3.11/28', subnet6: 'fd00:3:3::/124' },
  { subnet: '10.3.4.0/29', subnet6: 'fd00:3:4::/64', gateway: '10.3.4.1', gateway6: 'fd00:3:4::1' },
  { subnet: '10.1.1.0/28', subnet6: 'fd00:3:1::/64', gateway: '10.1.1.14', gateway6: 'fd00:3:1::ff' },
]

export const networkDeeds: Record<string, Deed> = {
  createVlan: {
    weight: 1,
    absent: 0.5,
    run: turn => create(turn, ['wire', 'cable'], wires, random => ({ encap: 'vlan', pktTag: random.pick(tags) })),
  },
  createDualStack: {
    weight: 1,
    absent: 0.4,
    run: turn => create(turn, ['dual', 'six', 'web'], dual, () => ({})),
  },
}

async function create(
  { world, host, peer, random }: Turn,
  names: readonly string[],
  specs: readonly Spec[],
  kind: (random: Random) => Pick<NetworkRequest, 'encap' | 'pktTag'>,
): Promise<boolean> {
  const tenant = random.pick(peer.replica.view.tenants()) ?? 'default'
  const name = random.pick(names) ?? ''
  const spec = { ...(random.pick(specs) as Spec), ...kind(random) }
  // of its dependencies it uses the replica alone
  const deps = { replica: peer.replica } as ApiDeps
  const { network, existed } = await createNetwork(deps, { tenant, name, ...spec })
  const how = existed ? 'found' : 'created'
  const text = `${spec.subnet} ${spec.subnet6 ?? ''} ${spec.encap ?? ''} ${network.spec.pktTag}`
  world.history.note(`${host.name} ${how} ${tenant}/${name} ${text}: ${network.id.slice(0, 6)}`)
  return !existed
}

/**
 * CreateNetwork for a network that is being born in this host's Docker: the first call that tells its tenant and its group.
 * Name and labels it does not tell: the reconciler asks for them. What can be refused is refused here.
 */
import type { Network } from '../crdt/registry-view.ts'
import { subnet6Of } from '../model/ipv6.ts'
import type { NetworkSpec } from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import type { Replica } from '../replica/replica.ts'
import { checkOverlap, checkOverlap6, checkTag, groupOf, specOf, tenantOf } from './born-network.ts'
import { type BornPools, unknownPool } from './born-pools.ts'
import type { DockerNetworks } from './docker-networks.ts'
import type { PoolFact } from './pool-facts.ts'
import { baseOf, isChosen } from './pool-handle.ts'
import type { RequestOf } from './protocol.ts'
import type { Removals } from './removals.ts'
import { checkAgree, saidIn } from './spec-options.ts'

export interface BirthDeps {
  replica: Replica
  networks: DockerNetworks
  pools: BornPools
  removals: Removals
}

type Creation = RequestOf<'NetworkDriver.CreateNetwork'>

/** Makes the pools that were asked for this network's. Durable, idempotent. Throws what the user did wrong. */
export async function claimPools(deps: BirthDeps, request: Creation): Promise<void> {
  const { replica, pools } = deps
  const { NetworkID: dockerId, Options: options } = request
  if (pools.poolOf(dockerId)) return
  const claim = { dockerId, tenant: tenantOf(replica.view, options), group: groupOf(options) }
  const [data, data6] = [request.IPv4Data[0], request.IPv6Data[0]]
  const pool = pools.told(data?.Pool ?? '', data?.Gateway ?? '')
  const pool6 = data6 && (pools.ipv6.facts.told(data6.Pool, data6.Gateway) ?? unknownPool(data6.Pool))
  for (const each of [pool, ...(pool6 ? [pool6] : [])]) checkAgree(each.said, saidIn(options))
  const ipv6 = data6 && { subnet6: data6.Pool, gateway6: chosenGateway(data6) }
  const gateway = data && !isChosen(pool) ? chosenGateway(data) : ''
  const spec = specOf(options, isChosen(pool) ? likeChosen(pool) : pool.pool, gateway, ipv6)
  checkRivals(deps, claim, spec, isChosen(pool))
  await pools.claim(pool, pool6, claim)
}

/** '' unless the user chose one: Docker tells the prefix's own address, as it was told. */
function chosenGateway({ Pool, Gateway }: Pick<Creation['IPv4Data'][number], 'Pool' | 'Gateway'>): string {
  const gateway = baseOf(Gateway)
  return gateway === baseOf(Pool) ? '' : gateway
}

/** A subnet of the size that will be chosen. */
function likeChosen({ pool }: PoolFact): string {
  return `${baseOf(pool)}/24`
}

/** Throws `conflict` if a network of the tenant has the addresses, or another one the VLAN. */
function checkRivals(
  { replica: { view }, networks, removals }: BirthDeps,
  { tenant, group }: { tenant: string; group: string | undefined },
  spec: NetworkSpec,
  isToBeChosen: boolean,
): void {
  // the same network from another host may not be in this Docker yet, a group has the subnet of its network, and a network that
  // was just removed is still known
  const mayYield = (rival: Network, isSame: boolean) => {
    const isItsOwn = group !== undefined || networks.dockerIdsOfPool(rival.id).length === 0
    return removals.isOpen(rival.id) || (isSame && isItsOwn)
  }
  const subnet6 = subnet6Of(spec)
  if (!isToBeChosen) {
    checkTag(view, tenant, spec)
    checkOverlap(view, tenant, { ...spec, subnet6: '', gateway6: '' }, rival =>
      mayYield(rival, prefixText(rival.spec.subnet) === prefixText(spec.subnet)),
    )
  }
  if (subnet6) checkOverlap6(view, tenant, subnet6, rival => mayYield(rival, rival.spec.subnet6 === subnet6.text))
}

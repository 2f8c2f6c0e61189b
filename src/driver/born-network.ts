/** What may be born in Docker: the checks that the plugin makes before Docker's answer, and the reconciler after it. */
import { checkNetworkSlot } from '../crdt/docker-slots.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import { settleTag } from '../crdt/vlan-tags.ts'
import { SkeinError } from '../lib/errors.ts'
import { type AddressPool, chooseSubnet } from '../model/address-pool.ts'
import { overlaps6, type Subnet6, subnet6Of } from '../model/ipv6.ts'
import { bareName, checkName, defaultTenant, dockerName, groupNetworkName, isNetworkName } from '../model/names.ts'
import {
  type Addressing,
  checkSpec,
  collide,
  collide6,
  fulfils,
  type NetworkSpec,
  subnetsText,
} from '../model/network.ts'
import { prefixText } from '../model/subnet.ts'
import { tenantFlag } from './refusals.ts'
import { type Options, said, specOptions } from './spec-options.ts'

/** The group of `-o group` or `--ipam-opt group`; undefined for none. Throws `invalid`. */
export function groupOf(options: Options): string | undefined {
  const group = said(options, 'group')
  if (group !== undefined) checkName('group', group)
  return group
}

/** The tenant of `-o tenant` or `--ipam-opt tenant`. Throws `invalid` or `not-found`. */
export function tenantOf(view: RegistryView, options: Options): string {
  const tenant = said(options, 'tenant') ?? defaultTenant
  if (view.hasTenant(tenant)) return tenant
  throw new SkeinError('not-found', `tenant ${tenant} does not exist: create it with: skein tenant create ${tenant}`)
}

/** Throws what is wrong with the options themselves, whatever network they are of. */
export function checkSaid(view: RegistryView, options: Options): void {
  tenantOf(view, options)
  groupOf(options)
  specOf(options, '10.0.0.0/30', '')
}

/** The spec that the options ask for. Throws `invalid` or `unsupported`. */
export function specOf(options: Options, subnet: string, gateway: string, ipv6: Ipv6 = noIpv6): NetworkSpec {
  const tag = said(options, 'pkt-tag') ?? '0'
  const pktTag = Number(tag)
  if (!Number.isInteger(pktTag)) throw new SkeinError('invalid', `pkt-tag ${JSON.stringify(tag)} is no number`)
  return checkSpec({ subnet, pktTag, gateway, ...ipv6, encap: said(options, 'encap') })
}

/** Both '' for none. */
type Ipv6 = Pick<NetworkSpec, 'subnet6' | 'gateway6'>
const noIpv6: Ipv6 = { subnet6: '', gateway6: '' }

/** Throws `conflict` if a live network of the tenant has addresses of these; `mayYield` excepts some. */
export function checkOverlap(
  view: RegistryView,
  tenant: string,
  addressing: Addressing,
  mayYield: (rival: Network) => boolean = () => false,
): void {
  const rivals = view.networks(tenant).filter(({ status, spec }) => status === 'live' && collide(spec, addressing))
  const rival = rivals.find(network => !mayYield(network))
  if (!rival) return
  const prefix = subnet6Of(addressing)
  if (prefix && collide6(rival.spec, addressing)) throw overlap6(prefix, rival)
  const { subnet } = addressing
  const isSame = prefixText(rival.spec.subnet) === prefixText(subnet)
  const ofGroup = isSame ? ', or for a group on it add -o group=NAME' : ''
  throw new SkeinError(
    'conflict',
    `network ${rival.name} conflicts with subnet ${subnet.text}: it has ${rival.spec.subnet.text}; choose another ` +
      `subnet, or another tenant with -o tenant=NAME${ofGroup}`,
  )
}

/** The same of an IPv6 prefix alone. */
export function checkOverlap6(
  view: RegistryView,
  tenant: string,
  prefix: Subnet6,
  mayYield: (rival: Network) => boolean,
): void {
  const rival = view.networks(tenant).find(network => {
    const other = subnet6Of(network.spec)
    return network.status === 'live' && other && overlaps6(other, prefix) && !mayYield(network)
  })
  if (rival) throw overlap6(prefix, rival)
}

function overlap6(prefix: Subnet6, { name, spec }: Network): SkeinError {
  return new SkeinError(
    'conflict',
    `network ${name} conflicts with subnetv6 ${prefix.text}: it has ${spec.subnet6}; choose another IPv6 subnet, or ` +
      'another tenant with -o tenant=NAME',
  )
}

/** Throws `invalid` or `conflict` if no network of this tenant may have its VLAN; one that is there may be meant. */
export function checkTag(view: RegistryView, tenant: string, spec: NetworkSpec): void {
  const mayBeMeant = (network: Network) => network.tenant === tenant && fulfils(network.spec, spec)
  const networks = view.networks().filter(network => !mayBeMeant(network))
  settleTag(spec, { networks, range: view.objects.globals().vlans }, () => '0')
}

/** A network that was typed into Docker. */
export interface Typed {
  readonly tenant: string
  /** Undefined for the network itself. */
  readonly group: string | undefined
  /** As Docker shows it. */
  readonly name: string
  readonly options: Options
  /** Undefined if it is to be chosen. */
  readonly subnet: string | undefined
  /** Dotted; '' for none. */
  readonly gateway: string
  /** '' for none. */
  readonly subnet6: string
  readonly gateway6: string
}

/**
 * The network that it means: one that exists, or the spec of a new one. Throws what makes it impossible.
 */
export function meaningOf(view: RegistryView, typed: Typed, range: AddressPool): Network | NetworkSpec {
  const { tenant, options, subnet, gateway, subnet6, gateway6 } = typed
  tenantOf(view, { tenant })
  const name = networkNameOf(typed)
  const existing = view.networkByName(tenant, name)
  if (existing) {
    const { encap } = existing.spec
    // who names a group need not repeat what its network is like
    const isGroup = typed.group !== undefined
    const asked = isGroup ? { encap, ...options } : options
    const way = gateway === '' && isGroup ? existing.spec.gateway : gateway
    const way6 = gateway6 === '' && isGroup ? existing.spec.gateway6 : gateway6
    const ipv6 = { subnet6, gateway6: subnet6 === '' ? '' : way6 }
    if (fulfils(existing.spec, specOf(asked, subnet ?? existing.spec.subnet.text, way, ipv6))) return existing
    throw new SkeinError(
      'conflict',
      `network ${name} exists with other parameters (subnet ${subnetsText(existing.spec)}): choose another name, or ` +
        `remove it first with: skein net rm${tenantFlag(tenant)}${name}`,
    )
  }
  if (!isNetworkName(name)) throw badName(name)
  const spec = specOf(options, subnet ?? choose(view, tenant, name, range), gateway, { subnet6, gateway6 })
  checkOverlap(view, tenant, spec)
  checkNetworkSlot(view, tenant, name)
  return spec
}

/** The name of the network itself: `web` of `web`, `web/blue`, and of the group's `db.web`. Throws `invalid`. */
export function networkNameOf({ tenant, group, name }: Pick<Typed, 'tenant' | 'group' | 'name'>): string {
  const bare = bareName(tenant, name)
  if (group === undefined) return bare
  const front = groupNetworkName(group, '')
  if (bare.startsWith(front) && bare !== front) return bare.slice(front.length)
  throw new SkeinError(
    'invalid',
    `${name} does not name the network of group ${group}: call it ${dockerName(tenant, groupNetworkName(group, 'NETWORK'))}, with the name of its network`,
  )
}

/** Options that every host's copy gets. */
export function ownOptions(options: Readonly<Record<string, string>>): [string, string][] {
  return pairs(options, name => !specOptions.some(own => own === name))
}

/** In one order, so that equal labels are equal records; what begins with `skein.` is ours. */
export function pairs(
  values: Readonly<Record<string, string>>,
  test: (name: string) => boolean = () => true,
): [string, string][] {
  const own = Object.entries(values).filter(([name]) => !name.startsWith('skein.') && test(name))
  return own.sort(([a], [b]) => (a < b ? -1 : 1))
}

function choose(view: RegistryView, tenant: string, name: string, range: AddressPool): string {
  const taken = view.networks(tenant).map(network => network.spec.subnet)
  const subnet = chooseSubnet(range, tenant, name, taken)
  if (subnet) return subnet.text
  throw new SkeinError('exhausted', `no /24 of ${range.text} is free in tenant ${tenant}: give a --subnet`)
}

function badName(name: string): SkeinError {
  const [, tenant] = name.split('/')
  return tenant
    ? new SkeinError('invalid', `${name} names a tenant: add -o tenant=${tenant}`)
    : new SkeinError(
        'invalid',
        `network name ${JSON.stringify(name)} is invalid: use letters, digits, '_', '.' and '-', at most 64 characters`,
      )
}

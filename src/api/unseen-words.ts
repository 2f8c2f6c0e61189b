/** What users did on a removed host, nobody else saw, and `skein apply` cannot do again: as the commands that do. */
import type { Leaf } from '../crdt/leaves.ts'
import type { GlobalLeaf, GroupPolicyRmLeaf } from '../crdt/object-leaves.ts'
import type { Network, RegistryView } from '../crdt/registry-view.ts'
import type { Dot } from '../crdt/vector.ts'
import { type GlobalSettings, globalFields } from '../model/global.ts'
import { formatIp } from '../model/ip.ts'
import { tenantFlag } from './lookup.ts'

export interface UnseenWords {
  /** Before `apply`: it makes way for what that creates. */
  before: string[]
  /** After it: the objects may be of the file. */
  after: string[]
}

const flags: Readonly<Record<keyof GlobalSettings, string>> = {
  fabricMode: '--fabric-mode',
  vlans: '--vlan-range',
  vxlans: '--vxlan-range',
  fwdMode: '--fwd-mode',
  arpMode: '--arp-mode',
  privateSubnet: '--private-subnet',
}

/**
 * As it came out, in the order in which it was written, each once.
 * @param born networks that these records created: `apply` creates them under their last name
 * @param isUnseen of a record
 */
export function unseenWords(
  view: RegistryView,
  leaves: readonly Leaf[],
  born: ReadonlySet<string>,
  isUnseen: (dot: Dot) => boolean,
): UnseenWords {
  const isNew = (leaf: { seen: readonly Dot[] }) => leaf.seen.length > 0 && leaf.seen.every(isUnseen)
  // the others cannot miss what they never had
  const told = leaves.filter(leaf => !('seen' in leaf) || leaf.kind === 'netprofile-rm' || !isNew(leaf))
  const before = [
    ...told.flatMap(leaf => deletion(view, leaf) ?? rename(view, leaf, born) ?? []),
    ...settings(view, leaves),
  ]
  const after = told.flatMap(leaf => drain(view, leaf) ?? reservation(view, leaf, leaves) ?? [])
  return { before: [...new Set(before)], after: [...new Set(after)] }
}

/** A profile names every write that it knows, the own ones last, and so does not say whether it was new. */
function deletion(view: RegistryView, leaf: Leaf): string | undefined {
  const { objects } = view
  switch (leaf.kind) {
    case 'tenant-rm':
      return view.hasTenant(leaf.name) ? undefined : `skein tenant rm ${leaf.name}`
    case 'network-rm':
      if (!view.isDeleted(leaf.id)) return undefined
      return `skein net rm${tenantFlag(leaf.tenant)} ${view.network(leaf.id)?.name ?? leaf.name}`
    case 'group-rm':
      if (!objects.isGroupDeleted(leaf.id)) return undefined
      return `skein group rm${tenantFlag(leaf.tenant)} ${leaf.name}`
    case 'group-policy-rm':
      return detachment(view, leaf)
    case 'policy-rm':
      return `skein policy rm${tenantFlag(leaf.tenant)} ${leaf.name}`
    case 'rule-rm':
      return `skein policy rule-rm${tenantFlag(leaf.tenant)} ${leaf.policy} ${leaf.id}`
    case 'netprofile-rm':
      if (objects.profile(leaf.tenant, leaf.name)?.alive) return undefined
      return `skein netprofile rm${tenantFlag(leaf.tenant)} ${leaf.name}`
  }
}

/** `apply` gives a group the policies that the file names; none is none named. */
function detachment(view: RegistryView, leaf: GroupPolicyRmLeaf): string | undefined {
  const group = view.objects.group(leaf.group)
  if (group?.status !== 'live' || group.policies.length > 0) return undefined
  const network = view.network(group.network)?.name
  return network && `skein group create${tenantFlag(group.tenant)} -p '' ${network} ${group.name}`
}

function rename(view: RegistryView, leaf: Leaf, born: ReadonlySet<string>): string | undefined {
  if (leaf.kind !== 'network-rename' || born.has(leaf.id)) return undefined
  const network = live(view, leaf.id)
  if (!network || network.givenName !== leaf.newName) return undefined
  return `skein net rename${tenantFlag(leaf.tenant)} ${leaf.name} ${leaf.newName}`
}

function settings(view: RegistryView, leaves: readonly Leaf[]): string[] {
  const written = leaves.filter((leaf): leaf is GlobalLeaf => leaf.kind === 'global')
  const fields = globalFields.filter(field => written.some(leaf => leaf[field] !== null))
  if (fields.length === 0) return []
  const values = view.objects.globals()
  return [`skein global set ${fields.map(field => `${flags[field]} ${values[field]}`).join(' ')}`]
}

function drain(view: RegistryView, leaf: Leaf): string | undefined {
  if (leaf.kind !== 'network-drain') return undefined
  const network = live(view, leaf.id)
  if (!network || (view.drain(leaf.id)?.into ?? '') !== leaf.into) return undefined
  const command = `skein net drain${tenantFlag(network.tenant)} ${network.name}`
  if (leaf.into === '') return `${command} --cancel`
  const into = live(view, leaf.into)
  return into && `${command} --into ${into.name}`
}

/** Words on one address alternate: a release of what was kept in these records leaves it as the others know it. */
function reservation(view: RegistryView, leaf: Leaf, leaves: readonly Leaf[]): string | undefined {
  if (leaf.kind !== 'reservation') return undefined
  const network = live(view, leaf.network)
  const words = leaves.filter(
    other => other.kind === 'reservation' && other.network === leaf.network && other.ip === leaf.ip,
  )
  const isNothing = words[0] !== words.at(-1) && words.length % 2 === 0
  if (!network || isNothing || words.at(-1) !== leaf) return undefined
  return `skein ip ${leaf.isKept ? 'reserve' : 'release'}${tenantFlag(network.tenant)} ${network.name} ${formatIp(leaf.ip)}`
}

function live(view: RegistryView, id: string): Network | undefined {
  const network = view.network(id)
  return network?.status === 'live' ? network : undefined
}

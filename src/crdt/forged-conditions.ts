/**
 * Records that their writer had no right to: they take no effect, and are shown. Only what a record and what it names itself
 * speak against is shown; never what rests on something that may still arrive.
 */
import type { PeerKey } from '../lib/keys.ts'
import { formatIp } from '../model/ip.ts'
import { hostArgument, hostName, shown, type Tables } from './condition-text.ts'
import { compareHlc, type Hlc } from './hlc.ts'
import type { AckLeaf, AddressLeaf, AdmissionLeaf, BlockLeaf, MeshLeaf, SettledLeaf } from './leaves.ts'
import type { Condition, RegistryView, Removal } from './registry-view.ts'

interface Forged {
  readonly writer: PeerKey
  readonly since: Hlc
  readonly what: string
}

/** So many of a writer's are named; the rest is counted. */
const named = 8

/** One condition per writer, however much it writes. */
export function forgedRecords(view: RegistryView, { forged, endpoints }: Tables): Condition[] {
  const { custody, membership } = forged
  const found = [
    ...[...custody, ...membership].map(({ dot, hlc, leaf }) => ({
      writer: dot.writer,
      since: hlc,
      what: whatOf(view, leaf),
    })),
    ...forged.endpoints.map(({ owner, id, ip, network }) => ({
      writer: owner,
      since: endpoints.since(owner, id) ?? [0, 0],
      what: `an endpoint at ${formatIp(ip)} of ${nameOf(view, network)}, which no host hands out`,
    })),
  ]
  // what two histories of one key acknowledged and declared may rest on nothing
  const isPlain = ({ starter, ackedBy }: Removal) => [starter, ...ackedBy].every(key => !view.isForked(key))
  for (const removal of view.removals()) {
    if (!removal.isUnproven || !isPlain(removal)) continue
    const names = removal.targets.map(({ key }) => hostName(view, key)).join(', ')
    found.push({
      writer: removal.starter,
      since: removal.since,
      what: `that the removal of ${names} is through, which was not acknowledged`,
    })
  }
  const writers = new Set(found.map(({ writer }) => writer))
  return [...writers].flatMap(writer =>
    view.member(writer)
      ? [
          conditionOf(
            view,
            writer,
            found.filter(each => each.writer === writer),
          ),
        ]
      : [],
  )
}

function conditionOf(view: RegistryView, writer: PeerKey, all: readonly Forged[]): Condition {
  const [first] = [...all].sort((a, b) => compareHlc(a.since, b.since))
  const kinds = [...new Set(all.map(({ what }) => what))].sort()
  const more = kinds.length > named ? [`${kinds.length - named} more`] : []
  const host = hostArgument(view, writer)
  const removal = `skein peer rm ${host}`
  return {
    kind: 'forged-records',
    objects: [writer],
    since: first?.since ?? [0, 0],
    text: `${hostName(view, writer)} wrote what it had no right to, and nobody gives effect to it: ${[...kinds.slice(0, named), ...more].join('; ')}`,
    remedy: `find out who has the key of ${host}; if it is not to be trusted: ${removal}`,
    commands: [removal],
  }
}

type ForgedLeaf = BlockLeaf | AddressLeaf | AdmissionLeaf | MeshLeaf | AckLeaf | SettledLeaf

function whatOf(view: RegistryView, leaf: ForgedLeaf): string {
  switch (leaf.kind) {
    case 'block':
      return `a transfer of block ${leaf.index} of ${nameOf(view, leaf.network)}`
    case 'address':
      return `a transfer of ${formatIp(leaf.ip)} of ${nameOf(view, leaf.network)}`
    case 'admission':
      return `the admission of ${leaf.key.slice(0, 12)} (${leaf.name})`
    case 'mesh':
      return 'the founding of this mesh'
    case 'ack': {
      const { writer, counter } = leaf.admission
      return `an acknowledgement of what is no admission, record ${counter} of ${hostName(view, writer)}`
    }
    case 'settled':
      return 'that it is settled, which no majority acknowledged'
  }
}

function nameOf(view: RegistryView, id: string): string {
  const network = view.network(id)
  return network ? shown(network) : id.slice(0, 6)
}

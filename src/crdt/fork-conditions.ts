/** R8: a writer with two histories, and a key that another succeeded. */
import type { PeerKey } from '../lib/keys.ts'
import { formatIp } from '../model/ip.ts'
import { downCommand, hostArgument, hostName, shown } from './condition-text.ts'
import type { Hlc } from './hlc.ts'
import type { Condition, Endpoint, RegistryView } from './registry-view.ts'
import { aimsAt, isOpen, succeededMembers } from './removal-readings.ts'

/** Names every address that the writer has handed out, since each may be in use twice; until it is removed. */
export function forkedWriters(view: RegistryView, forks: ReadonlyMap<PeerKey, Hlc>): Condition[] {
  return [...forks].flatMap(([writer, since]) => {
    if (!view.member(writer)) return []
    const host = hostName(view, writer)
    const held = recordedBy(view, writer).map(({ ip, containerName, network }) => {
      const name = containerName ? ` (${containerName})` : ''
      const known = view.network(network)
      return `${formatIp(ip)}${name} in ${known ? shown(known) : `network ${network.slice(0, 12)}, which is gone`}`
    })
    const used = held.length > 0 ? `; addresses that it handed out: ${held.join(', ')}` : ''
    const isBack = view.succeededBy(writer) !== undefined
    // by then there may be another host of that name
    const laterRemoval = `skein peer rm ${writer.slice(0, 12)} --host-is-down`
    return [
      {
        kind: 'writer-forked',
        objects: [writer],
        since,
        text: `${host} has two histories: its data directory was restored from an old copy, or two machines run with it; it gets and gives no addresses${used}`,
        remedy: isBack
          ? `it came back under a new key: ${removalOfFormers(view)}`
          : `if its data directory was restored, on it: skein peer rejoin; if two machines run with its key, on another host: skein peer invite, on each of the two: skein join TOKEN, and then: ${laterRemoval}`,
      },
    ]
  })
}

/** What is shown by this writer's records, in networks, as they are listed, and after these in such as went with the other of its histories. */
function recordedBy(view: RegistryView, writer: PeerKey): Endpoint[] {
  const networks = view.networks()
  const known = new Set(networks.map(({ id }) => id))
  const isOn = ({ owner, recordedBy }: Endpoint) => (recordedBy ?? owner) === writer
  const owners = new Set([writer, ...view.successions().map(({ key }) => key)])
  const inOthers = [...owners].flatMap(key => view.endpointsOf(key)).filter(({ network }) => !known.has(network))
  return [...networks.flatMap(({ id }) => view.endpoints(id)), ...inOthers].filter(isOn)
}

/** A host came back under a new key, and the former one is not removed yet; or two say that they are that host. */
export function successionConditions(view: RegistryView): Condition[] {
  const all = view.successions()
  return all.flatMap(({ former, key, admitter, since, isInEffect }): Condition[] => {
    const host = hostName(view, former)
    if (!isInEffect && view.member(key)) {
      const removal = `skein peer rm ${hostArgument(view, key)} --host-is-down`
      return [
        {
          kind: 'succeeded-twice',
          objects: [former, key],
          since,
          text: `two hosts came back in the place of ${host}: what ${hostArgument(view, key)}, admitted by ${hostName(view, admitter)}, says of that has no effect`,
          remedy: `on another host: skein peer invite; on the host with this key: skein join TOKEN; then: ${removal}`,
        },
      ]
    }
    const isGoing = view.removals().some(each => isOpen(each) && aimsAt(each, former))
    if (!isInEffect || !view.member(former) || isGoing) return []
    return [
      {
        kind: 'succeeded',
        objects: [former, key],
        since,
        text: `${host} came back under a new key, and its former key ${former.slice(0, 12)} is still listed: nobody uses its addresses`,
        remedy: removalOfFormers(view),
      },
    ]
  })
}

/** All of them in one: none of them acknowledges the removal of another. */
function removalOfFormers(view: RegistryView): string {
  return downCommand(
    view,
    succeededMembers(view).map(({ former }) => former),
  )
}

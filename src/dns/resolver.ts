/**
 * What a container's question is answered with: names and addresses of the networks that it shares; everything else by the
 * very server that it asked. Without an answer from there: a failure, as soon as that is known.
 */
import { formatIp, parseIp } from '../model/ip.ts'
import type { NetworkId } from '../model/network.ts'
import type { Askers } from './askers.ts'
import type { Forwarder } from './forwarder.ts'
import { answer, failure, isQuery, type OwnRecord, parseQuery, type Query, reversed, reversed6 } from './message.ts'
import type { Names } from './names.ts'

export interface Resolver {
  /** Undefined for what is no query. Never rejects. `server` is the one that was asked. */
  resolve(bytes: Buffer, asker: string, transport: 'udp' | 'tcp', server: string): Promise<Buffer | undefined>
}

export interface ResolverDeps {
  names: Names
  askers: Pick<Askers, 'networksOf'>
  forwarder: Forwarder
}

export function createResolver({ names, askers, forwarder }: ResolverDeps): Resolver {
  async function own(query: Query, asker: string): Promise<OwnRecord[] | undefined> {
    // most names are not ours: those wait for nobody
    const found = names.local().flatMap(({ network }) => {
      const records = recordsIn(names, network, query)
      return records ? [{ network, records }] : []
    })
    if (found.length === 0) return undefined
    const shared = await askers.networksOf(asker)
    const visible = found.filter(({ network }) => shared.includes(network))
    if (visible.length === 0) return undefined
    return rotate(visible, query)
  }

  return {
    async resolve(bytes, asker, transport, server) {
      if (!isQuery(bytes)) return undefined
      try {
        const query = parseQuery(bytes)
        const records = query && (await own(query, asker))
        if (query && records) return answer(query, records, transport)
        return await forwarder.ask(bytes, server, transport, asker)
      } catch {
        return failure(bytes) // the asker tries its next server
      }
    },
  }
}

interface Found {
  /** Of this host first. */
  readonly first: readonly OwnRecord[]
  readonly others: readonly OwnRecord[]
}

/** What a network knows of the name; undefined if nothing. A name without a record of the asked type is known too. */
function recordsIn(names: Names, network: NetworkId, query: Query): Found | undefined {
  const address = query.type === 'PTR' ? addressAsked(names, network, query.name) : undefined
  if (address !== undefined) {
    const name = names.pointer(network, address)
    return name === undefined ? undefined : { first: [{ type: 'PTR', data: name }], others: [] }
  }
  const { own, others } = names.addresses(network, query.name)
  if (own.length + others.length === 0) return undefined
  const records = (ip: number) => recordsOf(names, network, ip, query.type)
  return { first: own.flatMap(records), others: others.flatMap(records) }
}

/** The IPv4 address of whose name is asked for, by either of its addresses; undefined if it is no reverse query. */
function addressAsked(names: Names, network: NetworkId, name: string): number | undefined {
  const address = reversed(name)
  if (address !== undefined) return parseIp(address) ?? -1
  const address6 = reversed6(name)
  return address6 === undefined ? undefined : (names.ipv4(network, address6) ?? -1)
}

function recordsOf(names: Names, network: NetworkId, ip: number, type: string): OwnRecord[] {
  const address6 = type === 'AAAA' || type === 'ANY' ? names.ipv6(network, ip) : undefined
  return [
    ...(type === 'A' || type === 'ANY' ? [{ type: 'A', data: formatIp(ip) } as const] : []),
    ...(address6 === undefined ? [] : [{ type: 'AAAA', data: address6 } as const]),
  ]
}

/** This host's before all others, each in turn the first of its kind: askers take the first. */
function rotate(found: readonly { records: Found }[], query: Query): OwnRecord[] {
  const turn = query.packet.id ?? 0
  return [found.flatMap(({ records }) => records.first), found.flatMap(({ records }) => records.others)].flatMap(
    list => {
      const at = list.length === 0 ? 0 : turn % list.length
      return [...list.slice(at), ...list.slice(0, at)]
    },
  )
}

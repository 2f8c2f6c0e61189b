/** Pure: whom to probe, with which commands, and what the answers mean. `probe.ts` says how a probe works. */
import type { Member } from '../crdt/registry-view.ts'
import type { PeerKey } from '../lib/keys.ts'
import { formatIp, parseIp } from '../model/ip.ts'
import type { Command } from './diff.ts'
import { probeDevice, probeMac } from './names.ts'
import { probeVni } from './vni.ts'

/** VTEP address (a number) -> the members who published it: several after a host came back under a new key. */
export type ProbeTargets = ReadonlyMap<number, readonly PeerKey[]>

export function probeTargets(members: readonly Member[], self: PeerKey, ownAddress: string): ProbeTargets {
  const targets = new Map<number, PeerKey[]>()
  for (const { key, vtepAddress } of members) {
    const address = parseIp(vtepAddress)
    if (address === undefined || key === self || vtepAddress === ownAddress) continue
    targets.set(address, [...(targets.get(address) ?? []), key])
  }
  return targets
}

/** `count` of the addresses, from `start` on, round and round: each has its turn, however many there are. */
export function turnOf(addresses: readonly number[], start: number, count: number): number[] {
  if (addresses.length <= count) return [...addresses]
  return Array.from({ length: count }, (_, at) => addresses[(start + at) % addresses.length] as number)
}

/** In the host's namespace, where the socket must be; then moved. */
export function probeCreation(vtep: number, port: number, namespace: string): Command[] {
  const parameters = `id ${probeVni} local ${formatIp(vtep)} dstport ${port} nolearning`
  return [
    { line: `link add name ${probeDevice} address ${probeMac(vtep)} type vxlan ${parameters}` },
    { line: `link set ${probeDevice} netns ${namespace}` },
  ]
}

/** Entries for `bridge -batch`: to whom probes and answers go. They follow from the address alone, so none is ever wrong. */
export function forwardingText(addresses: Iterable<number>): string {
  return [...addresses]
    .map(vtep => `fdb replace ${probeMac(vtep)} dev ${probeDevice} dst ${formatIp(vtep)} self static\n`)
    .join('')
}

/** Lines for `ip -batch`: each makes the kernel ask until it has an answer, or three times. */
export function solicitationText(addresses: Iterable<number>): string {
  return [...addresses]
    .map(vtep => `neigh replace ${formatIp(vtep)} lladdr ${probeMac(vtep)} dev ${probeDevice} nud probe\n`)
    .join('')
}

/** The addresses that have answered, from `ip -j neigh show`. */
export function answered(json: string): Set<number> {
  const neighbours = (json.trim() === '' ? [] : JSON.parse(json)) as { dst?: string; state?: string[] }[]
  const found = neighbours.filter(each => each.state?.includes('REACHABLE')).map(each => parseIp(each.dst ?? ''))
  return new Set(found.filter(address => address !== undefined))
}

/** Probes in a row without an answer, and the wall clock of the first, ms. */
export interface Silence {
  readonly rounds: number
  readonly sinceMs: number
}

/** A host that has just joined, or restarts, may miss one. */
export const reportedAfterRounds = 2

/** What is known after a round that asked `asked` at `nowMs`. Whoever is no target any more is forgotten. */
export function nextSilences(
  before: ReadonlyMap<number, Silence>,
  round: { targets: ProbeTargets; asked: readonly number[]; answers: ReadonlySet<number>; nowMs: number },
): Map<number, Silence> {
  const next = new Map([...before].filter(([address]) => round.targets.has(address)))
  for (const address of round.asked) {
    const known = next.get(address)
    if (round.answers.has(address)) next.delete(address)
    else next.set(address, { rounds: (known?.rounds ?? 0) + 1, sinceMs: known?.sinceMs ?? round.nowMs })
  }
  return next
}

/** Words that told histories share. Each history throws when what it is about does not hold; a planted fault is one that makes it throw. */
import assert from 'node:assert/strict'
import type { Network } from '../../../src/crdt/registry-view.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { formatIp } from '../../../src/model/ip.ts'
import type { Stage } from '../stage.ts'

export const small = '10.1.2.0/28'

export const keyOf = (stage: Stage, number: number): PeerKey => stage.host(number).signer.key
export const effective = (stage: Stage, number: number) =>
  stage
    .peer(number)
    .replica.view.removals()
    .filter(({ outcome }) => outcome === 'effective')

/** Takes addresses until there are none, at most so many; gives them. */
export async function takeAll(stage: Stage, number: number, network: Network, most = 300): Promise<number[]> {
  const taken: number[] = []
  while (taken.length < most) {
    const ip = await stage.take(number, network)
    if (ip === undefined) return taken
    taken.push(ip)
  }
  return taken
}

/** Starts containers until there is no address for one. */
export async function runAll(stage: Stage, number: number, network: Network): Promise<void> {
  const { containers } = stage.host(number)
  for (let before = -1; before < containers.size; ) {
    before = containers.size
    await stage.run(number, network)
  }
}

/** Every address that the host runs containers with is named in a condition, on all the others. */
export function assertNamed(stage: Stage, numbers: readonly number[], ips: readonly number[]): void {
  for (const number of numbers) {
    const texts = stage
      .peer(number)
      .replica.view.conditions()
      .map(({ text }) => text)
      .join('\n')
    for (const ip of ips) assert.ok(texts.includes(`${formatIp(ip)} `), `${formatIp(ip)} is not named on host${number}`)
  }
}

export function addressesOf(stage: Stage, number: number): number[] {
  return [...stage.host(number).containers.values()].map(container => container.ip)
}

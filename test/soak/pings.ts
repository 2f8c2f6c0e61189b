/** Whether containers of different hosts reach each other. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../lab/index.ts'
import type { Held } from './addresses.ts'

/** On each network one container of each host reaches all that run on the other hosts. Resolves with how many pings that were. */
export async function assertAllReach(hosts: readonly LabHost[], held: readonly Held[]): Promise<number> {
  const counts = hosts.map(async host => {
    const own = held.filter(item => item.host === host.name)
    let count = 0
    for (const from of new Map(own.map(item => [item.network, item])).values()) {
      for (const to of held.filter(item => item.network === from.network && item.host !== host.name)) {
        const argv = ['docker', 'exec', from.container, 'ping', '-c', '1', '-W', '1', to.ip]
        const { code, stdout, stderr } = await host.exec(argv, { timeoutMs: 20_000 })
        assert.equal(code, 0, `${from.container} reaches ${to.container} at ${to.ip}: ${stderr || stdout}`)
        count++
      }
    }
    return count
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

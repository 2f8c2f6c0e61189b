/** `docker network create`: good and bad values of its flags. Those of `-o` and `--ipam-opt` are a table of their own. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { chooseSubnet } from '../../../src/model/address-pool.ts'
import { eventually, type Host, newHost, range, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker, type NewNetwork } from './memory-docker.ts'

const subnet = '10.9.0.0/24'
const subnet6 = 'fd00:9::/64'
const chosen = chooseSubnet(range, 'default', 'web', [])?.text

/** What is given, and what the network is then: subnet, gateway, the same of IPv6. */
const good: [NewNetwork, (string | undefined)[]][] = [
  [{}, [chosen, '', '', '']],
  [{ subnet }, [subnet, '', '', '']],
  [{ subnet: '10.9.0.0/30' }, ['10.9.0.0/30', '', '', '']],
  [{ subnet, gateway: '10.9.0.1' }, [subnet, '10.9.0.1', '', '']],
  [{ subnet, gateway: '10.9.0.254' }, [subnet, '10.9.0.254', '', '']],
  [{ subnet, subnet6 }, [subnet, '', subnet6, '']],
  [{ subnet, subnet6: 'fd00:9::/120' }, [subnet, '', 'fd00:9::/120', '']],
  [{ subnet, gateway: '10.9.0.1', subnet6, gateway6: 'fd00:9::1' }, [subnet, '10.9.0.1', subnet6, 'fd00:9::1']],
]

/** The same, and why it is refused. */
const bad: [NewNetwork, RegExp][] = [
  [{ subnet: '10.0.0.0/7' }, /length of 8 to 30/],
  [{ subnet: '10.9.0.0/31' }, /length of 8 to 30/],
  [{ subnet: '10.9.0.5/24' }, /has host bits set \(did you mean 10\.9\.0\.0\/24/],
  [{ subnet: '10.8.0.128/25' }, /network old conflicts with subnet 10\.8\.0\.128\/25/],
  [{ subnet, gateway: '10.8.0.1' }, /gateway 10\.8\.0\.1 is no address of a host in 10\.9\.0\.0\/24/],
  [{ subnet, gateway: '10.9.0.255' }, /is no address of a host/],
  [{ subnet, subnet6: 'fd00:9::/40' }, /must have a length of 48 to /],
  [{ subnet, subnet6: 'fd00:9::/121' }, /length of 48 to 120/],
  [{ subnet, subnet6: 'fd00:9::1/64' }, /did you mean fd00:9::\/64\?/],
  [{ subnet, subnet6: 'fe80::/64' }, /neither a global .* nor a unique local/],
  [{ subnet, subnet6, gateway6: 'fd00:9::1' }, /add --gateway=10\.9\.0\.254/],
  [{ subnet, gateway: '10.9.0.1', subnet6, gateway6: 'fd00:8::1' }, /gateway fd00:8::1 is not in fd00:9::\/64/],
]

describe('flags of docker network create', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler
  const view = () => host.peer.replica.view

  beforeEach(async () => {
    host = await newHost(true)
    docker = createMemoryDocker(() => host.socketPath)
    reconciler = startReconciler(host, docker)
    await eventually('first pass', () => reconciler.dockerIsUp())
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  for (const [given, spec] of good) {
    it(`takes ${JSON.stringify(given)}`, async () => {
      await docker.create('web', given)
      await eventually('web', () => view().networkByName('default', 'web') !== undefined)
      const { subnet, gateway, subnet6, gateway6 } = view().networkByName('default', 'web')?.spec ?? {}
      assert.deepEqual([subnet?.text, gateway, subnet6, gateway6], spec)
      assert.deepEqual(reconciler.conditions(), [])
    })
  }

  it('refuses what is bad with the reason, and changes nothing', async () => {
    await host.create('old', '10.8.0.0/24')
    await eventually('old', () => docker.byName('old') !== undefined)
    const digest = view().digest()
    for (const [given, reason] of bad) {
      await assert.rejects(docker.create('web', given), reason, JSON.stringify(given))
      assert.equal(view().digest(), digest, JSON.stringify(given))
      assert.deepEqual(
        docker.list().map(({ name }) => name),
        ['old'],
        JSON.stringify(given),
      )
    }
  })
})

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import type { Reconciler } from '../../../src/driver/reconciler.ts'
import { eventually, type Host, newHost, startReconciler } from './fixture.ts'
import { createMemoryDocker, type MemoryDocker, type NewNetwork } from './memory-docker.ts'

type Options = Record<string, string>

const subnet = '10.9.0.0/24'

/** `-o`, `--ipam-opt`, and what the network is then: tenant, group, encapsulation, tag (0 for one of Skein's choice). */
const good: [Options, Options, [string, string, string, number]][] = [
  [{}, {}, ['default', '', 'vxlan', 0]],
  [{ tenant: 'blue' }, {}, ['blue', '', 'vxlan', 0]],
  [{ 'skein.tenant': 'blue' }, {}, ['blue', '', 'vxlan', 0]],
  [{ tenant: 'blue' }, { tenant: 'blue' }, ['blue', '', 'vxlan', 0]],
  [{ tenant: 'blue' }, { 'skein.tenant': 'blue' }, ['blue', '', 'vxlan', 0]],
  [{ tenant: 'default' }, {}, ['default', '', 'vxlan', 0]],
  [{}, { tenant: 'default' }, ['default', '', 'vxlan', 0]],
  [{ group: 'db' }, {}, ['default', 'db', 'vxlan', 0]],
  [{ group: 'db' }, { group: 'db' }, ['default', 'db', 'vxlan', 0]],
  [{ tenant: 'blue', group: 'db' }, {}, ['blue', 'db', 'vxlan', 0]],
  [{ tenant: 'blue', group: 'db' }, { group: 'db' }, ['blue', 'db', 'vxlan', 0]],
  [{ encap: 'vlan', 'pkt-tag': '112' }, {}, ['default', '', 'vlan', 112]],
  [{ encap: 'vlan', 'pkt-tag': '112' }, { encap: 'vlan', 'pkt-tag': '112' }, ['default', '', 'vlan', 112]],
  [{ tenant: 'blue', group: 'db', encap: 'vlan', 'pkt-tag': '112' }, {}, ['blue', 'db', 'vlan', 112]],
  [{ 'pkt-tag': '77' }, { encap: 'vxlan' }, ['default', '', 'vxlan', 77]],
]

/** The same, and why it is refused. */
const bad: [Options, Options, RegExp][] = [
  [{ tenant: 'red' }, {}, /tenant red does not exist: create it with: skein tenant create red$/],
  [{}, { tenant: 'red' }, /tenant red does not exist/],
  [
    {},
    { tenant: 'blue' },
    /the tenant of --ipam-opt is not that of -o: leave out --ipam-opt, or write -o tenant=blue$/,
  ],
  [{ tenant: 'blue' }, { tenant: 'default' }, /leave out --ipam-opt, or write -o tenant=default$/],
  [{ group: 'a/b' }, {}, /group name "a\/b" is invalid/],
  [{}, { group: 'a/b' }, /group name "a\/b" is invalid/],
  [{}, { group: 'db' }, /the group of --ipam-opt is not that of -o: leave out --ipam-opt, or write -o group=db$/],
  [{ group: 'db' }, { group: 'app' }, /leave out --ipam-opt, or write -o group=app$/],
  [{ encap: 'gre' }, {}, /encap "gre" is invalid: use vxlan or vlan/],
  [{}, { encap: 'gre' }, /encap "gre" is invalid/],
  [{}, { encap: 'vlan' }, /the encap of --ipam-opt is not that of -o: leave out --ipam-opt, or write -o encap=vlan$/],
  [{ encap: 'vlan', 'pkt-tag': 'x' }, {}, /pkt-tag "x" is no number/],
  [{ encap: 'vlan', 'pkt-tag': '4095' }, {}, /VLAN 4095 is invalid/],
  [{ encap: 'vlan', 'pkt-tag': '112' }, { 'pkt-tag': '113' }, /leave out --ipam-opt, or write -o pkt-tag=113$/],
  [{ tenant: 'blue', encap: 'vlan', 'pkt-tag': '99' }, {}, /VLAN 99 belongs to network old: choose another/],
]

describe('options of a network that is born in Docker', () => {
  let host: Host
  let docker: MemoryDocker
  let reconciler: Reconciler
  const view = () => host.peer.replica.view
  const handles = () => host.peer.replica.local.entries('docker/pool')
  const create = (name: string, options: Options, ipamOptions: Options, more: NewNetwork = {}) =>
    docker.create(name, { subnet, options, ipamOptions, ...more })

  beforeEach(async () => {
    host = await newHost(true)
    docker = createMemoryDocker(() => host.socketPath)
    reconciler = startReconciler(host, docker)
    await host.peer.replica.write(() => [{ kind: 'tenant', name: 'blue' }])
  })
  afterEach(async () => {
    await reconciler.stop()
    await host.stop()
  })

  for (const [options, ipamOptions, [tenant, group, encap, tag]] of good) {
    it(`${said(options, ipamOptions)} is taken`, async () => {
      await create(group === '' ? 'web' : `${group}.web`, options, ipamOptions)
      await docker.run(group === '' ? 'web' : `${group}.web`, 'c1')
      const network = view().networkByName(tenant, 'web')
      const spec = network?.spec
      assert.deepEqual([spec?.subnet.text, spec?.encap, spec?.pktTag], [subnet, encap, tag])
      const [endpoint] = view().endpoints(network?.id ?? '')
      assert.equal(endpoint?.group, view().objects.groupByName(tenant, group)?.id)
      assert.equal(endpoint?.group === undefined, group === '')
      assert.deepEqual(reconciler.conditions(), [])
    })
  }

  it('all else is refused with the reason, and leaves nothing', async () => {
    await host.create('old', '10.8.0.0/24', 'default', { encap: 'vlan', pktTag: 99 })
    await eventually('old', () => docker.byName('old') !== undefined)
    for (const [options, ipamOptions, reason] of bad) {
      const name = options.group === undefined ? 'web' : `${options.group}.web`
      await assert.rejects(create(name, options, ipamOptions), reason, said(options, ipamOptions))
      assert.deepEqual(handles(), [], said(options, ipamOptions))
    }
    assert.deepEqual(
      [docker.list().map(each => each.name), view().networks().length, view().objects.groups().length],
      [['old'], 1, 0],
    )
  })

  it('an overlap is one within the tenant that -o says', async () => {
    await host.create('old', '10.9.0.0/16', 'blue')
    await eventually('old', () => docker.byName('old/blue') !== undefined)
    const blue = { tenant: 'blue' }
    await assert.rejects(
      create('web', blue, {}),
      /network old conflicts with subnet 10\.9\.0\.0\/24: it has 10\.9\.0\.0\/16; choose another subnet, or another tenant with -o tenant=NAME$/,
    )
    assert.deepEqual(handles(), [])
    await assert.rejects(create('x', blue, {}, { subnet: '10.9.0.0/16' }), /for a group on it add -o group=NAME$/)
    await create('web', {}, {})
    await create('db.old', { ...blue, group: 'db' }, {}, { subnet: '10.9.0.0/16' })
    const ours = async (subnet6: string) => create('six', blue, {}, { subnet: '10.7.0.0/24', subnet6 })
    await host.create('old6', '10.6.0.0/24', 'blue', { subnet6: 'fd00:6::/64' })
    await eventually('old6', () => docker.byName('old6/blue') !== undefined)
    await assert.rejects(ours('fd00:6::/60'), /network old6 conflicts with subnetv6 fd00:6::\/60/)
    await ours('fd00:7::/64')
    await docker.run('db.old', 'c1')
    await eventually('all', () => view().networks().length === 4)
    assert.deepEqual(reconciler.conditions(), [])
  })
})

function said(options: Options, ipamOptions: Options): string {
  const flags = (flag: string, values: Options) =>
    Object.entries(values).map(([name, value]) => `${flag} ${name}=${value}`)
  return [...flags('-o', options), ...flags('--ipam-opt', ipamOptions)].join(' ') || 'nothing'
}

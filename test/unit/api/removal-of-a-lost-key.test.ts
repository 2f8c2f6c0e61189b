import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { eventually } from '../../support/eventually.ts'
import { Hosts } from './hosts.ts'

describe('api and cli: skein peer rm --key-is-lost', () => {
  let hosts: Hosts
  beforeEach(async () => {
    hosts = await Hosts.start()
  })
  afterEach(() => hosts.stop())

  it('a host that was made anew without its data says so of its former key, it alone', async () => {
    const old = hosts.key(4).slice(0, 12)
    await hosts.kill(4)
    await hosts.rm(1, 'host4')
    await hosts.decided('effective')
    await hosts.madeAnew(4)
    const remedy = `if no machine has its data directory any more, on host4: skein peer rm ${old} --key-is-lost`
    for (const n of [1, 4]) {
      const { stdout } = await hosts.skein(n, 'status')
      assert.ok(stdout.includes(`host4 (key ${old}) was removed and may still be running`), stdout)
      assert.ok(stdout.includes(remedy), stdout)
    }
    const here = new RegExp(
      `^Error: host4 is connected with the name or address of host4 .*: on it: skein peer rm ${old} --key-is-lost`,
    )
    await hosts.refused(hosts.rm(1, old, '--key-is-lost'), 5, here)
    await hosts.refused(
      hosts.rm(4, old, '--key-is-lost', '--host-is-down'),
      3,
      /either --host-is-down or --key-is-lost/,
    )
    await hosts.refused(hosts.rm(4, old, '--key-is-lost', '--cancel'), 3, /--cancel goes alone/)
    const { code, stdout, stderr } = await hosts.rm(4, old, '--key-is-lost')
    assert.deepEqual([code, stdout, stderr], [0, 'host4: removed\n', ''])
    for (const n of [1, 2, 3, 4]) {
      await eventually(async () => assert.match((await hosts.skein(n, 'status')).stdout, /^no conditions$/m))
    }
  })

  it('also of a former key that nobody has removed yet', async () => {
    const old = hosts.key(4).slice(0, 12)
    await hosts.kill(4)
    await hosts.madeAnew(4)
    await hosts.refused(hosts.rm(4, old, '--host-is-down'), 5, /^Error: host4 is not down: host4 is connected/)
    const { code, stderr } = await hosts.rm(4, old, '--key-is-lost')
    assert.deepEqual([code, stderr], [0, ''])
    await hosts.decided('effective')
    assert.ok(hosts.at(1).peer.replica.view.removals()[0]?.assertedAt)
  })

  it('is refused while the key is connected, or its machine is another host', async () => {
    await hosts.refused(
      hosts.rm(1, 'host4', '--key-is-lost'),
      5,
      /^Error: a host with the key of host4 .* its key is not lost\n$/,
    )
    await hosts.refused(hosts.rm(4, 'host3', '--key-is-lost'), 5, /its key is not lost/)
    const machine = 'ab'.repeat(16)
    const facts = { addresses: [], vtepAddress: '', mtu: 1500, machine }
    for (const n of [3, 4]) await hosts.at(n).peer.replica.write(() => [{ kind: 'peer', name: `host${n}`, ...facts }])
    await eventually(() => {
      const { view } = hosts.at(1).peer.replica
      assert.equal(view.members().filter(member => member.machine === machine).length, 2)
    })
    const old = hosts.key(4).slice(0, 12)
    await hosts.kill(4)
    await hosts.rm(1, 'host4')
    await hosts.decided('effective')
    await hosts.madeAnew(4)
    const elsewhere = new RegExp(
      `^Error: host3 .* has the machine of host4 .*: on it: skein peer rm ${old} --key-is-lost\n$`,
    )
    await hosts.refused(hosts.rm(4, old, '--key-is-lost'), 5, elsewhere)
    assert.match((await hosts.skein(1, 'status')).stdout, new RegExp(`on host3: skein peer rm ${old} --key-is-lost`))
    const none =
      /^Error: this host has neither the name nor the machine or address of host2: .* skein peer rm host2 --host-is-down\n$/
    await hosts.kill(2)
    await hosts.refused(hosts.rm(3, 'host2', '--key-is-lost'), 5, none)
    const { code, stderr } = await hosts.rm(3, old, '--key-is-lost')
    assert.deepEqual([code, stderr], [0, ''])
  })
})

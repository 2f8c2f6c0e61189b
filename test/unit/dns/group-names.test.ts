import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createGroupLeaves, removeGroupLeaves } from '../../../src/crdt/object-acts.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { addressOf, type DnsHost, newDnsHost } from './fixture.ts'

describe('dns: names of groups', () => {
  let host: DnsHost
  let web = ''

  const group = async (name: string, network = web) => {
    const act = { tenant: 'default', name, network, pool: '' }
    await host.replica.write(view => createGroupLeaves(view.objects, act, {}))
    return host.replica.view.objects.groups().find(each => each.bornName === name && each.network === network)?.id ?? ''
  }
  const member = async (n: number, name: string, of?: string, aliases: string[] = []) => {
    const ip = parseIp(addressOf(n)) ?? 0
    const at = { kind: 'endpoint' as const, id: `e${n}`, network: web, ip, mac: macOf(ip), container: `c${n}` }
    await host.replica.write(() => [
      { ...at, containerName: name, aliases, ...(of === undefined ? {} : { group: of }) },
    ])
  }
  const found = (name: string) => {
    const { own, others } = host.names.addresses(web, name)
    return [...own, ...others].map(ip => ip & 0xff)
  }

  beforeEach(async () => {
    host = await newDnsHost()
    web = await host.network('web', '10.1.2.0/24')
  })
  afterEach(() => host.stop())

  it('stand for all members, with the network too; containers and aliases of that name are among them', async () => {
    const db = await group('DB')
    await member(1, 'one', db)
    await member(2, 'two', db, ['db'])
    await member(3, 'three')
    await member(4, 'db')
    for (const name of ['db', 'db.web']) assert.deepEqual(found(name), [1, 2, 4], name)
    await host.replica.write(() => [{ kind: 'endpoint-rm', id: 'e1', network: web }])
    assert.deepEqual(found('db'), [2, 4])
  })

  it('are a part of the names that Docker gives to members, also the other way round', async () => {
    const db = await group('my.db')
    await member(1, 'one', db)
    await member(2, 'two')
    for (const name of ['one', 'one.web', 'one.my.db.web']) assert.deepEqual(found(name), [1], name)
    for (const name of ['two.my.db.web', 'one.db.web', 'one.my.db']) assert.deepEqual(found(name), [], name)
    assert.equal(host.names.pointer(web, parseIp(addressOf(1)) ?? 0), 'one.my.db.web')
    assert.equal(host.names.pointer(web, parseIp(addressOf(2)) ?? 0), 'two.web')
  })

  it('mean the group of that network, also when another bears the name, and while it is being deleted', async () => {
    const next = await host.network('next', '10.1.3.0/24')
    await group('db', next)
    const db = await group('db')
    await member(1, 'one', db)
    assert.notEqual(host.replica.view.objects.group(db)?.name, 'db')
    assert.deepEqual(found('db'), [1])
    assert.deepEqual(host.names.addresses(next, 'db'), { own: [], others: [] })
    await host.replica.write(view => {
      const gone = view.objects.group(db)
      return gone ? removeGroupLeaves(view.objects, gone) : []
    })
    assert.deepEqual(found('db'), [1])
  })
})

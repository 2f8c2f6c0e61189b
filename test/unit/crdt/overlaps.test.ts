import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves, drainNetworkLeaves } from '../../../src/crdt/acts.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { World } from './writer.ts'

/** A network's key and subnets. */
type Wish = readonly [key: string, subnet: string, subnet6?: string]

describe('crdt: subnets that overlap', () => {
  let world: World
  beforeEach(() => {
    world = new World(3).settleAll()
    world.at(1).write([{ kind: 'tenant', name: 'blue' }])
  })

  const create = (writer: number, [key, subnet, subnet6 = '']: Wish) => {
    const [name = '', tenant = 'default'] = key.split('/')
    const spec = checkNetwork({ tenant, name, subnet, subnet6 })
    world.at(writer).write(createNetworkLeaves(world.all, { tenant, name, spec }))
  }
  const conditions = () => world.all.conditions().map(({ kind, text }) => `${kind}: ${text}`)
  const idOf = (name: string) => world.all.networkByName('default', name)?.id ?? ''

  it('in IPv6 alone are shown as those in IPv4 are, with the way out', () => {
    create(1, ['web', '10.1.0.0/24', 'fd00:6::/64'])
    create(2, ['db', '10.2.0.0/24', 'fd00:6::/80'])
    create(3, ['far', '10.3.0.0/24', 'fd00:7::/64'])
    const [condition, ...more] = world.all.conditions()
    assert.deepEqual(more, [])
    assert.equal(condition?.kind, 'subnet-overlap')
    assert.equal(condition?.text, 'default/db and default/web overlap in fd00:6::/80 and fd00:6::/64')
    assert.deepEqual(condition?.commands, ['skein net drain web --into db'])
    world.at(1).write(drainNetworkLeaves(world.all, idOf('web'), idOf('db')))
    assert.ok(!conditions().some(text => text.startsWith('subnet-overlap')))
  })

  it('in both families are shown once', () => {
    create(1, ['web', '10.1.0.0/24', 'fd00:6::/64'])
    create(2, ['db', '10.1.0.0/16', 'fd00:6::/64'])
    assert.deepEqual(conditions(), [
      'subnet-overlap: default/db and default/web overlap in 10.1.0.0/16 and 10.1.0.0/24',
    ])
  })

  it('are all shown, each pair, also behind one that begins between them', () => {
    create(1, ['wide', '10.1.0.0/24', 'fd00:6::/48'])
    create(2, ['low', '10.2.0.0/24', 'fd00:6::/64'])
    create(3, ['high', '10.3.0.0/24', 'fd00:6:0:1::/64'])
    assert.deepEqual(conditions(), [
      'subnet-overlap: default/low and default/wide overlap in fd00:6::/64 and fd00:6::/48',
      'subnet-overlap: default/high and default/wide overlap in fd00:6:0:1::/64 and fd00:6::/48',
    ])
  })

  it('of two tenants are nobody’s business', () => {
    create(1, ['web', '10.1.0.0/24', 'fd00:6::/64'])
    create(2, ['web/blue', '10.1.0.0/24', 'fd00:6::/64'])
    assert.deepEqual(conditions(), [])
  })
})

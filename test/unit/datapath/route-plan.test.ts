import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Network } from '../../../src/crdt/registry-view.ts'
import {
  earlyLines,
  isLeaving,
  isRouted,
  linesToClear,
  type PresentRoute,
  routeLines,
  wantedRoutes,
} from '../../../src/datapath/route-plan.ts'
import { checkSpec } from '../../../src/model/network.ts'

const networkOf = (id: string, subnet: string, gateway: string, tenant = 'blue', ipv6 = {}): Network => {
  const names = { tenant, name: id, bornName: id, givenName: id }
  const at = { named: [1, 0], created: [1, 0] } as const
  return {
    id,
    ...names,
    ...at,
    generation: 0,
    spec: checkSpec({ subnet, gateway, ...ipv6 }),
    roster: [],
    status: 'live',
  }
}

const app = networkOf('a', '10.1.1.0/24', '10.1.1.1')
const data = networkOf('b', '10.1.2.10-10.1.2.90/24', '10.1.2.254')
const web = networkOf('c', '10.1.3.0/24', '10.1.3.1')
const alone = networkOf('d', '10.1.9.0/24', '')
const red = networkOf('e', '10.1.2.0/25', '10.1.2.1', 'red')
const redToo = networkOf('f', '10.1.3.0/24', '10.1.3.9', 'red')
const routed = new Map([
  ['blue', [app, data, web]],
  ['red', [red, redToo]],
])
const of = (tenant: string) => routed.get(tenant) ?? []
const marks = 'proto 137 metric 7374'
const ours = (destination: string, nextHop: string): PresentRoute => ({ destination, nextHop, isOurs: true })
const theirs = (destination: string, nextHop = ''): PresentRoute => ({ destination, nextHop, isOurs: false })
const plain = [theirs('default', '172.18.0.1'), theirs('10.1.1.0/24'), theirs('172.18.0.0/16')]

describe('datapath: routes of containers', () => {
  it('lead to the other networks of the tenant, by the own gateway', () => {
    assert.deepEqual(
      [...wantedRoutes([app], of)],
      [
        ['10.1.2.0/24', '10.1.1.1'],
        ['10.1.3.0/24', '10.1.1.1'],
      ],
    )
    assert.deepEqual([...wantedRoutes([alone], of)], [])
    assert.deepEqual([isRouted([alone], of), isRouted([alone, app], of)], [false, true])
  })

  it('lead not to a network that the container is on; of two ways by the first that it was put on', () => {
    assert.deepEqual([...wantedRoutes([data, app], of)], [['10.1.3.0/24', '10.1.2.254']])
    assert.deepEqual([...wantedRoutes([app, data], of)], [['10.1.3.0/24', '10.1.1.1']])
    assert.deepEqual([...wantedRoutes([app, data, web], of)], [])
  })

  it('lead to one of two tenants where both have the prefix, and to none where the container is on the other', () => {
    assert.deepEqual([...wantedRoutes([app, red], of)], [['10.1.3.0/24', '10.1.1.1']])
  })

  it('lead to other networks by IPv6 where both ends have an IPv6 gateway', () => {
    const dual = (id: string, n: number, gateway6: string) =>
      networkOf(id, `10.6.${n}.0/24`, `10.6.${n}.1`, 'green', { subnet6: `fd00:6:${n}::/64`, gateway6 })
    const [one, two, half] = [dual('a', 1, 'fd00:6:1::1'), dual('b', 2, 'fd00:6:2::1:1'), dual('c', 3, '')]
    const green = () => [one, two, half]
    assert.deepEqual(
      [...wantedRoutes([one], green)],
      [
        ['10.6.2.0/24', '10.6.1.1'],
        ['fd00:6:2::/64', 'fd00:6:1::1'],
        ['10.6.3.0/24', '10.6.1.1'],
      ],
    )
    assert.deepEqual([...wantedRoutes([half], green).keys()], ['10.6.1.0/24', '10.6.2.0/24'])
    assert.deepEqual([...wantedRoutes([one, two], green).keys()], ['10.6.3.0/24'])
    const wanted = wantedRoutes([one], green)
    assert.deepEqual(earlyLines(wanted, ['10.6.0.0/16', 'fd00:6:2::/48']), [])
    assert.equal(
      earlyLines(wanted, ['10.6.0.0/16', 'fe80::/64'])[0],
      `route replace fd00:6:2::/64 via fd00:6:1::1 ${marks}`,
    )
    const present = [ours('fd00:6:2::/64', 'fd00:6:1::1'), theirs('fd00:6:1::/64'), theirs('fe80::/64')]
    assert.deepEqual(linesToClear(two, present), [`route del fd00:6:2::/64 ${marks}`])
    assert.deepEqual(linesToClear(one, present), [])
    assert.equal(
      routeLines(wanted, present, true).some(line => line.includes('fd00')),
      false,
    )
  })

  it('are written behind all others, and only where they differ', () => {
    const wanted = wantedRoutes([app], of)
    const all = ['10.1.2.0/24', '10.1.3.0/24'].map(to => `route replace ${to} via 10.1.1.1 ${marks}`)
    assert.deepEqual(routeLines(wanted, plain, true), all)
    const present = [...plain, ours('10.1.2.0/24', '10.1.1.1'), ours('10.1.3.0/24', '10.1.2.254')]
    assert.deepEqual(routeLines(wanted, present, true), all.slice(1))
  })

  it('go with their networks, but not because one is not known (I5)', () => {
    const present = [...plain, ours('10.1.2.0/24', '10.1.1.1'), ours('10.1.8.0/24', '10.1.1.1')]
    const wanted = new Map([['10.1.2.0/24', '10.1.1.1']])
    assert.deepEqual(routeLines(wanted, present, true), [`route del 10.1.8.0/24 ${marks}`])
    assert.deepEqual(routeLines(wanted, present, false), [])
  })

  it('give way to what the container has of others', () => {
    const present = [...plain, theirs('10.1.0.0/16', '172.18.0.1'), ours('10.1.2.0/24', '10.1.1.1')]
    assert.deepEqual(routeLines(wantedRoutes([app], of), present, true), [`route del 10.1.2.0/24 ${marks}`])
    const narrow = [...plain, theirs('10.1.2.7'), theirs('10.1.3.128/25', '172.18.0.1')]
    assert.deepEqual(routeLines(wantedRoutes([app], of), narrow, true), [])
  })

  it('come once Docker has taken out the interface of a network that the container left', () => {
    const wanted = wantedRoutes([data], of)
    const left = theirs('10.1.1.0/24')
    assert.equal(isLeaving(wanted, [...plain, theirs('10.1.2.0/24')]), true)
    assert.deepEqual(routeLines(wanted, [left], true), [`route replace 10.1.3.0/24 via 10.1.2.254 ${marks}`])
    assert.equal(isLeaving(wanted, [ours('10.1.1.0/24', '10.1.2.254'), theirs('10.1.2.0/24')]), false)
    assert.equal(isLeaving(wanted, [theirs('10.1.1.0/24', '172.18.0.1'), theirs('10.1.0.0/16')]), false)
  })

  it('come at once where no interface of this host’s bridges can be in their way', () => {
    const wanted = wantedRoutes([app], of)
    assert.deepEqual(earlyLines(wanted, ['172.18.0.0/16', '10.1.2.128/25']), [
      `route replace 10.1.3.0/24 via 10.1.1.1 ${marks}`,
    ])
  })

  it('are out of the way before the container is connected to where they lead', () => {
    const present = [...plain, ours('10.1.2.0/24', '10.1.1.1'), ours('10.1.3.0/24', '10.1.1.1')]
    assert.deepEqual(linesToClear(data, present), [`route del 10.1.2.0/24 ${marks}`])
    assert.deepEqual(linesToClear(red, present), [`route del 10.1.2.0/24 ${marks}`])
    assert.deepEqual(linesToClear(alone, present), [])
  })
})

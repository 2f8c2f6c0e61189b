import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import type { Network } from '../../../src/crdt/registry-view.ts'
import {
  earlyLines,
  isRouted,
  linesToClear,
  type PresentRoute,
  routeLines,
  wantedRoutes,
} from '../../../src/datapath/route-plan.ts'
import { checkSpec } from '../../../src/model/network.ts'

const networkOf = (id: string, subnet: string, gateway: string, tenant = 'blue'): Network => {
  const names = { tenant, name: id, bornName: id, givenName: id }
  const at = { named: [1, 0], created: [1, 0] } as const
  return { id, ...names, ...at, generation: 0, spec: checkSpec({ subnet, gateway }), roster: [], status: 'live' }
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

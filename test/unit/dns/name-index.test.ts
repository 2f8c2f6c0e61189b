import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'mocha'
import type { Endpoint } from '../../../src/crdt/registry-view.ts'
import { createNames } from '../../../src/dns/names.ts'
import { macOf } from '../../../src/model/ip.ts'
import { network, World } from '../datapath/world.ts'

const firstIp = 0x0a010105
const names = ['', 'web', 'Web', 'db']

const acts = fc.array(
  fc.record({
    host: fc.integer({ min: 1, max: 3 }),
    id: fc.nat(2),
    ip: fc.nat(3),
    name: fc.constantFrom(...names),
    aliases: fc.array(fc.constantFrom(...names), { maxLength: 2 }),
    isGone: fc.boolean(),
    isAsked: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
)

/** Who bears the name, without any index. */
function bearers(endpoints: readonly Endpoint[], name: string): Endpoint[] {
  return endpoints.filter(each => [each.containerName, ...each.aliases].some(one => one.toLowerCase() === name))
}

describe('dns name index', () => {
  it('follows every change of its network', () => {
    fc.assert(
      fc.property(acts, list => {
        const world = new World()
        const { registry } = world
        const self = world.key(1)
        const asked = createNames(registry, self, { monotonic: () => 0 })
        for (const { host, id, ip, name, aliases, isGone, isAsked } of list) {
          const at = { id: `e${id}`, network, ip: firstIp + ip, mac: macOf(firstIp + ip), container: '' }
          if (isGone) world.write(host, { kind: 'endpoint-rm', id: at.id, network })
          else world.write(host, { kind: 'endpoint', ...at, containerName: name, aliases })
          if (!isAsked) continue
          const all = registry.endpoints(network)
          for (const one of ['web', 'db']) {
            const found = bearers(all, one)
            assert.deepEqual(asked.addresses(network, one), {
              own: found.filter(each => each.owner === self).map(each => each.ip),
              others: found.filter(each => each.owner !== self).map(each => each.ip),
            })
          }
          for (let one = firstIp; one < firstIp + 4; one++) {
            const first = all.find(each => each.ip === one && each.containerName !== '')
            assert.equal(asked.pointer(network, one), first && `${first.containerName}.`)
          }
        }
      }),
      { numRuns: 100 },
    )
  })

  it('is made anew when it is too far behind, but not all the time', () => {
    const world = new World()
    let now = 0
    const asked = createNames(world.registry, world.key(1), { monotonic: () => now++ })
    const write = (count: number, containerName: string) => {
      for (let at = 0; at < count; at++) {
        const ip = firstIp + (at % 3)
        world.write(2, {
          kind: 'endpoint',
          id: `e${at % 3}`,
          network,
          ip,
          mac: macOf(ip),
          container: '',
          containerName,
        })
      }
    }
    write(3, 'one')
    assert.equal(asked.addresses(network, 'one').others.length, 3)
    write(600, 'two')
    assert.equal(asked.addresses(network, 'one').others.length, 3)
    now += 100
    assert.equal(asked.addresses(network, 'two').others.length, 3)
    assert.equal(asked.addresses(network, 'one').others.length, 0)
  })
})

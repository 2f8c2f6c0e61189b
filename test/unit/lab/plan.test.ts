import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dataDir, hostNumber, maxHosts, outside, packageRoot, planHost } from '../../../lab/plan.ts'

describe('lab: plan', () => {
  it('gives host 1 the address of the tutorial', () => {
    assert.deepEqual(planHost(1), {
      number: 1,
      name: 'host1',
      address: '192.168.2.10',
      port: 'p1',
      dataDir: `${dataDir}/host1/skein`,
    })
  })

  it('gives every host and the outside an address and a port of its own', () => {
    const all = [outside, ...Array.from({ length: maxHosts }, (_, at) => planHost(at + 1))]
    assert.equal(new Set(all.map(node => node.address)).size, maxHosts + 1)
    assert.equal(new Set(all.map(node => node.port)).size, maxHosts + 1)
  })

  it('refuses numbers out of range', () => {
    for (const number of [0, -1, 1.5, maxHosts + 1, Number.NaN]) assert.throws(() => planHost(number), /hosts 1 to 32/)
  })

  it('reads host names', () => {
    assert.deepEqual(['2', 'host2', 'host32'].map(hostNumber), [2, 2, 32])
    for (const word of ['', '0', 'host0', '02', 'host33', 'Host1', 'outside', '1 ', 'x1']) {
      assert.equal(hostNumber(word), undefined, word)
    }
  })

  it('finds the folder of the package', () => {
    assert.ok(existsSync(join(packageRoot(), 'lab/plan.ts')))
  })
})

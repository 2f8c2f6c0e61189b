import assert from 'node:assert/strict'
import { parseEntry } from '../../../bench/attach/neighbour-watch.ts'

describe('bench: lines of ip monitor', () => {
  it('reads an FDB entry, one that answers ARP, and their end', () => {
    const mac = '02:02:0a:3d:00:05'
    assert.deepEqual(parseEntry(`192.168.2.10 dev skx0123 lladdr ${mac} NOARP PERMANENT `), {
      ...{ gone: false, address: '192.168.2.10', mac },
    })
    assert.deepEqual(parseEntry(`10.61.0.5 dev vxlan0 lladdr ${mac} PERMANENT`), {
      gone: false,
      address: '10.61.0.5',
      mac,
    })
    assert.deepEqual(parseEntry(`Deleted 192.168.2.10 dev skx0123 lladdr ${mac} NOARP PERMANENT`), {
      ...{ gone: true, address: '192.168.2.10', mac },
    })
  })

  it('passes over what leads nowhere: bridge entries, entries without a MAC, IPv6', () => {
    assert.equal(parseEntry('dev skx0123 lladdr 02:02:0a:3d:00:05 NOARP '), undefined)
    assert.equal(parseEntry('10.61.0.5 dev skx0123 FAILED '), undefined)
    assert.equal(parseEntry('Deleted 10.61.0.5 dev skx0123 FAILED '), undefined)
    assert.equal(parseEntry('fe80::1 dev eth0 lladdr 02:02:0a:3d:00:05 STALE'), undefined)
    assert.equal(parseEntry(''), undefined)
  })
})

import assert from 'node:assert/strict'
import type { NetworkInterfaceInfo } from 'node:os'
import { addressOfDefaultRoute, defaultRouteInterface, findDefaultAddress } from '../../../src/config/default-route.ts'

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
const line = (name: string, destination: string, flags: string, metric: number, mask: string) =>
  `${name}\t${destination}\t0102A8C0\t${flags}\t0\t0\t${metric}\t${mask}\t0\t0\t0`

const address = (text: string, family: 'IPv4' | 'IPv6') => ({ address: text, family }) as NetworkInterfaceInfo

describe('config: default route', () => {
  it('takes the lowest metric, skips other prefixes and routes that are down', () => {
    const routes = [
      head,
      line('eth9', '00000000', '0002', 0, '00000000'),
      line('eth8', '00000000', '0003', 0, '00000080'),
      line('eth1', '0002A8C0', '0001', 0, '00FFFFFF'),
      line('eth0', '00000000', '0003', 200, '00000000'),
      line('eth2', '00000000', '0003', 100, '00000000'),
      '',
    ].join('\n')
    assert.equal(defaultRouteInterface(routes), 'eth2')
    const interfaces = {
      eth0: [address('10.0.2.15', 'IPv4')],
      eth2: [address('fe80::1', 'IPv6'), address('10.9.9.9', 'IPv4')],
    }
    assert.equal(addressOfDefaultRoute(routes, interfaces), '10.9.9.9')
    assert.equal(addressOfDefaultRoute(routes, { eth0: interfaces.eth0 }), undefined)
  })

  it('finds nothing without a default route', () => {
    assert.equal(defaultRouteInterface(`${head}\n${line('eth1', '0002A8C0', '0001', 0, '00FFFFFF')}\n`), undefined)
    assert.equal(defaultRouteInterface(''), undefined)
  })

  it('reads this machine without failing', () => {
    const found = findDefaultAddress()
    assert.ok(found === undefined || /^\d+\.\d+\.\d+\.\d+$/.test(found))
  })
})

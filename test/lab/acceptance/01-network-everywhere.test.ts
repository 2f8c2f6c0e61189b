import assert from 'node:assert/strict'
import { docker, eventually, inspect, useLab } from '../support/index.ts'
import { netctl, three } from './cli.ts'

const table = [
  'Tenant   Network     Nw Type  Encap type  Packet tag  Subnet       Gateway',
  '------   -------     -------  ----------  ----------  -------      ------',
  'default  contiv-net  data     vxlan       0           10.1.2.0/24  ',
  '',
].join('\n')

describe('acceptance 1: a network is created on one host', function () {
  this.timeout(30_000)
  const lab = useLab()

  it('is in `docker network ls` of every host within 2 s, as the tutorial shows it', async () => {
    const [one] = three(lab().hosts())
    const begun = performance.now()
    assert.equal(await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net'), '')
    const listed = async () => {
      for (const host of lab().hosts()) {
        const list = await docker(host, 'network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}')
        assert.ok(list.split('\n').includes('contiv-net mesh local'), `${host.name}: ${list}`)
      }
    }
    await eventually(listed, { timeoutMs: Math.max(1, 2000 - (performance.now() - begun)), intervalMs: 20 })

    for (const host of lab().hosts()) {
      const network = await inspect(host, 'network', 'contiv-net')
      const { encap, 'pkt-tag': tag, tenant } = network.Options ?? {}
      assert.deepEqual({ encap, tenant }, { encap: 'vxlan', tenant: 'default' })
      assert.match(tag ?? '', /^[1-9]\d*$/)
      assert.equal(network.IPAM?.Driver, 'mesh')
      assert.deepEqual(network.IPAM?.Config, [{ Subnet: '10.1.2.0/24' }])
      assert.equal(await netctl(host, 'net', 'ls'), table)
    }
  })
})

/** Chapters 2 and 3 of the tutorial, byte for byte. */
import assert from 'node:assert/strict'
import { type CliPeer, startCliPeer } from './fixture.ts'

const silent = { code: 0, stdout: '', stderr: '' }

describe('cli: the tutorial', () => {
  let host: CliPeer
  beforeEach(async () => {
    host = await startCliPeer()
  })
  afterEach(() => host.stop())

  it('chapter 2: a network and its table', async () => {
    assert.deepEqual(await host.netctl('net', 'create', '--subnet=10.1.2.0/24', 'contiv-net'), silent)
    const { stdout } = await host.netctl('net', 'ls')
    assert.equal(
      stdout,
      'Tenant   Network     Nw Type  Encap type  Packet tag  Subnet       Gateway\n' +
        '------   -------     -------  ----------  ----------  -------      ------\n' +
        'default  contiv-net  data     vxlan       0           10.1.2.0/24  \n',
    )
  })

  it('chapter 3: a tenant, its table, and the same network again', async () => {
    assert.deepEqual(await host.netctl('tenant', 'create', 'blue'), {
      code: 0,
      stdout: '',
      stderr: 'INFO[0000] Creating tenant: blue                    \n',
    })
    assert.equal((await host.netctl('tenant', 'ls')).stdout, 'Name     \n------   \ndefault  \nblue     \n')
    await host.netctl('net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    const second = await host.netctl('net', 'create', '-t', 'blue', '--subnet=10.1.2.0/24', 'contiv-net')
    assert.deepEqual(second, silent)
    // the tutorial's dash row begins `-/-----`, a slip of the keyboard
    assert.equal(
      (await host.netctl('net', 'ls', '-t', 'blue')).stdout,
      'Tenant  Network     Nw Type  Encap type  Packet tag  Subnet       Gateway\n' +
        '------  -------     -------  ----------  ----------  -------      ------\n' +
        'blue    contiv-net  data     vxlan       0           10.1.2.0/24  \n',
    )
  })
})

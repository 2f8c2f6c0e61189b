/** Chapters 2, 3 and 5 of the tutorial, byte for byte. */
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

  it('chapter 5: a policy, its rules, a group', async () => {
    await host.netctl('net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    const created = await host.netctl('policy', 'create', 'db-policy')
    assert.equal(created.stderr.trimEnd(), 'INFO[0000] Creating policy default:db-policy')
    assert.equal((await host.netctl('policy', 'ls')).stdout, 'Tenant   Policy\n------   ------\ndefault  db-policy\n')
    const rule = ['policy', 'rule-add', 'db-policy']
    const first = [...rule, '1', '-direction=in', '-protocol=tcp', '-action=deny']
    const second = [...rule, '2', '-direction=in', '-protocol=tcp', '-port=8888', '-action=allow', '-priority=10']
    assert.deepEqual(await host.netctl(...first), silent)
    assert.deepEqual(await host.netctl(...second), silent)
    assert.equal(
      (await host.netctl('policy', 'rule-ls', 'db-policy')).stdout,
      [
        'Incoming Rules:',
        'Rule  Priority  From EndpointGroup  From Network  From IpAddress  Protocol  Port  Action',
        '----  --------  ------------------  ------------  ---------       --------  ----  ------',
        '1     1                                                           tcp       0     deny',
        '2     10                                                          tcp       8888  allow',
        'Outgoing Rules:',
        'Rule  Priority  To EndpointGroup  To Network  To IpAddress  Protocol  Port  Action',
        '----  --------  ----------------  ----------  ---------     --------  ----  ------',
        '',
      ].join('\n'),
    )
    assert.deepEqual(await host.netctl('group', 'create', 'contiv-net', 'db', '-policy=db-policy'), silent)
    assert.equal(
      (await host.netctl('group', 'ls')).stdout,
      'Tenant   Group  Network     Policies\n------   -----  -------     --------\ndefault  db     contiv-net  db-policy\n',
    )
  })
})

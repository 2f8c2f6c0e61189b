import assert from 'node:assert/strict'
import { conditionsOf } from '../../../src/dns/conditions.ts'
import { createFirewallWatch } from '../../../src/dns/firewall-watch.ts'
import { createRedirect } from '../../../src/dns/redirect.ts'
import { redirected, refreshText, tableText } from '../../../src/dns/redirect-rules.ts'
import { daemonServers, extServers, hostServers, nameservers } from '../../../src/dns/resolv-conf.ts'
import { createUpstreams } from '../../../src/dns/upstreams.ts'

describe('dns: which servers containers ask', () => {
  const files = new Map<string, string>()
  const given = new Map<string, { dns: string[]; resolvConf: string }>()
  const inside = async () => undefined
  const container = async (id: string) => given.get(id)
  const upstreams = () => createUpstreams({ inside, container }, async path => files.get(path))
  const of = (address: string, fromHost = false) => ({ address, fromHost })

  beforeEach(() => {
    files.clear()
    given.clear()
  })

  it('reads what resolv.conf, daemon.json and Docker 26 in a container say', () => {
    assert.deepEqual(nameservers('# nameserver 1.1.1.1\nnameserver 10.0.0.1 \n  nameserver\tfe80::1\nsearch x'), [
      '10.0.0.1',
      'fe80::1',
    ])
    assert.deepEqual(hostServers(''), [of('8.8.8.8'), of('8.8.4.4')])
    assert.deepEqual(daemonServers('{"dns":["10.0.0.3"]}'), [of('10.0.0.3')])
    assert.deepEqual([daemonServers('{}'), daemonServers('{"dns":5}'), daemonServers('x')], [[], [], []])
    assert.deepEqual(extServers('nameserver 127.0.0.11\n# ExtServers: [10.0.0.1 host(127.0.0.53)]\n'), [
      of('10.0.0.1'),
      of('127.0.0.53', true),
    ])
    assert.equal(extServers('nameserver 127.0.0.11\n'), undefined)
  })

  it('are those of the host and of each container, until it goes', async () => {
    files.set('/etc/resolv.conf', 'nameserver 10.0.0.1\nnameserver 127.0.0.1\nnameserver fe80::1')
    files.set('/c2/resolv.conf', '# ExtServers: [10.0.0.7]')
    given.set('c1', { dns: ['10.0.0.9'], resolvConf: '' })
    given.set('c2', { dns: [], resolvConf: '/c2/resolv.conf' })
    const servers = upstreams()
    await servers.lookAtHost()
    await servers.lookAt(['c1', 'c2', 'gone'])
    assert.deepEqual(servers.list(), ['10.0.0.1', '10.0.0.9', '10.0.0.7'])
    assert.equal(servers.bypass(), undefined)
    await servers.lookAt(['c2'])
    files.set('/etc/docker/daemon.json', '{"dns":["10.0.0.3"]}')
    await servers.lookAtHost()
    assert.deepEqual(servers.list(), ['10.0.0.3', '10.0.0.7'])
  })

  it('says when nobody can tell who asks: by the host, or by what containers were given', async () => {
    files.set('/etc/resolv.conf', 'nameserver 127.0.0.53')
    const servers = upstreams()
    await servers.lookAtHost()
    assert.deepEqual([servers.list(), servers.bypass()], [[], { server: '127.0.0.53', containers: [] }])
    files.set('/c1/resolv.conf', '# ExtServers: [host(127.0.0.53)]')
    given.set('c1', { dns: [], resolvConf: '/c1/resolv.conf' })
    given.set('c2', { dns: ['10.0.0.9'], resolvConf: '' })
    await servers.lookAt(['c1', 'c2'])
    assert.deepEqual(servers.bypass(), { server: '127.0.0.53', containers: ['c1'] })
    await servers.lookAt(['c2'])
    assert.equal(servers.bypass(), undefined, 'what containers were given counts')
  })

  it('takes the servers behind systemd-resolved, as Docker before 26 does', async () => {
    files.set('/etc/resolv.conf', 'nameserver 127.0.0.53')
    files.set('/run/systemd/resolve/resolv.conf', 'nameserver 10.0.0.1')
    const servers = upstreams()
    await servers.lookAtHost()
    assert.deepEqual([servers.list(), servers.bypass()], [['10.0.0.1'], undefined])
  })
})

describe('dns: the redirect', () => {
  const wishes = {
    ports: new Map([
      ['10.0.0.1', 7375],
      ['bad"; }', 1],
    ]),
    strangers: ['172.18.0.9', 'x'],
  }

  it('is one transaction, of addresses only', () => {
    const text = tableText(wishes)
    assert.match(text, /elements = \{ 10\.0\.0\.1 : 7375 \}/)
    assert.match(text, /elements = \{ 172\.18\.0\.9 \}/)
    assert.doesNotMatch(text, /bad|x \}/)
    assert.match(
      refreshText(wishes),
      /^flush map ip skein_dns servers; add element ip skein_dns servers \{ 10\.0\.0\.1 : 7375 \}; list chain /,
    )
    assert.doesNotMatch(refreshText({ ...wishes, ports: new Map() }), /add/)
    assert.equal(redirected('… counter packets 17 bytes 1003 redirect to'), 17)
  })

  it('is loaded anew when somebody removed it, when strangers change, and from time to time', async () => {
    const calls: string[] = []
    let isThere = false
    const load = async () => {
      calls.push('load')
      isThere = true
      return { code: 0, stdout: '', stderr: '' }
    }
    const list = async () => {
      calls.push('refresh')
      return isThere ? 'counter packets 3 bytes 9 ' : ''
    }
    const redirect = createRedirect(load, { list, close: async () => undefined })
    assert.deepEqual(
      [await redirect.refresh(wishes), await redirect.refresh(wishes), await redirect.refresh(wishes)],
      [0, 3, 0],
    )
    isThere = false
    await redirect.refresh(wishes)
    await redirect.refresh({ ...wishes, strangers: [] })
    assert.deepEqual(calls.splice(0), ['load', 'refresh', 'refresh', 'refresh', 'load', 'load'])
    for (let i = 0; i < 30; i++) await redirect.refresh({ ...wishes, strangers: [] })
    assert.equal(calls.filter(call => call === 'load').length, 2)
  })

  it('says why it cannot be loaded', async () => {
    const redirect = (code: number) =>
      createRedirect(async () => ({ code, stdout: '', stderr: 'Operation not permitted\nmore' }), {
        list: async () => '',
        close: async () => undefined,
      })
    await assert.rejects(redirect(127).refresh(wishes), /nft is missing/)
    await assert.rejects(redirect(1).refresh(wishes), /^SkeinError: Operation not permitted$/)
    await redirect(1).withdraw()
  })

  it('is given up for a while when what it redirects never arrives', () => {
    let now = 0
    const watch = createFirewallWatch({ monotonic: () => now })
    const looks: [redirected: number, received: number][] = [
      [0, 0],
      [5, 5],
      [3, 5],
      [3, 9],
      [1, 9],
      [0, 9],
    ]
    for (const [sent, received] of looks) watch.note(sent, received)
    assert.equal(watch.isBlocked(), false)
    watch.note(1, 9)
    assert.equal(watch.isBlocked(), true)
    now = 10 * 60_000
    assert.equal(watch.isBlocked(), false)
  })
})

describe('dns: what cannot work', () => {
  it('is named with the containers and the remedy', () => {
    const none = { bypass: undefined, cutOff: [], blockedAt: undefined, refusal: undefined }
    assert.deepEqual(conditionsOf(none), [])
    const containers = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7']
    const all = conditionsOf({
      bypass: { server: '127.0.0.53', containers },
      cutOff: ['c8'],
      blockedAt: '172.18.0.1, port 7375',
      refusal: 'nft is missing',
    })
    assert.deepEqual(
      all.map(
        ({ text }) =>
          /c1, c2, c3, c4, c5 and 2 more: Docker asks 127\.0\.0\.53|c8: no way out|firewall|nft is missing/.exec(
            text,
          ) !== null,
      ),
      [true, true, true, true],
    )
    assert.match(all.map(({ remedy }) => remedy).join(), /daemon\.json.*internal.*iptables.*nftables/)
  })
})

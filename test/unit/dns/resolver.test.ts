import assert from 'node:assert/strict'
import { encode } from 'dns-packet'
import fc from 'fast-check'
import { parseIp6 } from '../../../src/model/ip6.ts'
import { eventually } from '../../support/eventually.ts'
import { addressOf, type DnsHost, newDnsHost, newServer, question, said } from './fixture.ts'

const asker = '172.18.0.2'

describe('dns: what a container is answered', () => {
  let host: DnsHost
  let server: Awaited<ReturnType<typeof newServer>>
  let forwarded: Buffer[]
  let say: (query: Buffer) => Buffer | undefined
  let web: string

  const ask = async (bytes: Buffer, from = asker, transport: 'udp' | 'tcp' = 'udp') =>
    host.resolver.resolve(bytes, from, transport, '127.0.0.1')
  const answers = async (name: string, type = 'A', from = asker) => said(await ask(question(name, type), from)).answers

  beforeEach(async () => {
    forwarded = []
    say = query => encode({ type: 'response', id: query.readUInt16BE(0), flags: 3 })
    server = await newServer(query => {
      forwarded.push(query)
      return say(query)
    })
    host = await newDnsHost(server.port)
    web = await host.network('web', '10.1.2.0/24')
    await host.endpoint('own', 'e1', web, '10.1.2.1', 'c1')
    host.engine.put('box1', asker, { [`docker-${web}`]: 'e1' })
  })
  afterEach(async () => {
    await host.stop()
    server.stop()
  })

  it('names, aliases and NAME.NETWORK, whatever their case, with their addresses', async () => {
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'App-1', ['db', '0123456789ab'])
    for (const name of ['App-1', 'app-1', 'DB', 'db.', '0123456789ab', 'app-1.web', 'DB.Web']) {
      assert.deepEqual(await answers(name), ['A 10.1.2.2'], name)
    }
    const query = question('aPP-1')
    assert.equal(said(await ask(query)).id, query.readUInt16BE(0))
    assert.match((await ask(query))?.toString('latin1') ?? '', /aPP-1/)
    assert.equal(forwarded.length, 0)
  })

  it('all addresses of a name, those of this host first', async () => {
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'app')
    await host.endpoint('other', 'e3', web, '10.1.2.3', 'x', ['app'])
    await host.endpoint('own', 'e9', web, '10.1.2.9', 'app')
    const first = new Set<string>()
    for (let i = 0; i < 4; i++) {
      const [own, second = '', ...rest] = await answers('app')
      assert.equal(own, 'A 10.1.2.9')
      assert.equal(rest.length, 1)
      first.add(second)
    }
    assert.equal(first.size, 2, 'the others take turns')
  })

  it('AAAA and other types of a name that is there: no error, and nothing', async () => {
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'app')
    for (const type of ['AAAA', 'MX', 'TXT']) {
      const { rcode, answers } = said(await ask(question('app', type)))
      assert.deepEqual([rcode, answers], ['NOERROR', []], type)
    }
    assert.equal(forwarded.length, 0)
  })

  it('AAAA and PTR of a network with IPv6', async () => {
    const dual = await host.network('dual', '10.1.6.0/24', 'default', 'fd00:6::/64')
    await host.endpoint('own', 'e5', dual, '10.1.6.1', 'c1')
    host.engine.put('box1', asker, { [`docker-${web}`]: 'e1', [`docker-${dual}`]: 'e5' })
    await host.endpoint('other', 'e6', dual, '10.1.6.20', 'app')
    await host.endpoint('other', 'e7', web, '10.1.2.7', 'app')
    assert.deepEqual(await answers('app', 'AAAA'), ['AAAA fd00:6::14'])
    assert.deepEqual((await answers('app.dual', 'ANY')).sort(), ['A 10.1.6.20', 'AAAA fd00:6::14'])
    assert.deepEqual((await answers('app')).sort(), ['A 10.1.2.7', 'A 10.1.6.20'])
    const reverse = (address: string) => {
      const digits = (parseIp6(address) ?? 0n).toString(16).padStart(32, '0')
      return `${[...digits].reverse().join('.')}.ip6.arpa`
    }
    assert.deepEqual(await answers(reverse('fd00:6::14'), 'PTR'), ['PTR app.dual'])
    for (const unknown of ['fd00:6::99', 'fd00:7::14', 'fd00:6::1:14']) {
      assert.equal(said(await ask(question(reverse(unknown), 'PTR'))).rcode, 'NXDOMAIN', unknown)
    }
  })

  it('PTR of addresses of networks that it shares', async () => {
    const other = await host.network('other', '10.1.3.0/24', 'blue')
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'app')
    await host.endpoint('other', 'e3', other, '10.1.3.3', 'hidden')
    assert.deepEqual(await answers('2.2.1.10.in-addr.arpa', 'PTR'), ['PTR app.web'])
    for (const unknown of ['3.3.1.10', '99.2.1.10', '999.2.1.10']) {
      assert.equal(said(await ask(question(`${unknown}.in-addr.arpa`, 'PTR'))).rcode, 'NXDOMAIN', unknown)
    }
    assert.equal(forwarded.length, 3)
  })

  it('nothing of networks that it does not share, though this host has containers there', async () => {
    const blue = await host.network('web', '10.1.2.0/24', 'blue')
    await host.endpoint('own', 'b1', blue, '10.1.2.1', 'blue1')
    await host.endpoint('other', 'b2', blue, '10.1.2.2', 'secret')
    host.engine.put('box2', '172.18.0.3', { [`docker-${blue}`]: 'b1' })
    assert.equal(said(await ask(question('secret'))).rcode, 'NXDOMAIN')
    assert.equal(said(await ask(question('secret.web/blue'))).rcode, 'NXDOMAIN')
    assert.deepEqual(await answers('secret', 'A', '172.18.0.3'), ['A 10.1.2.2'])
    for (const name of ['secret.web/blue', 'secret.web']) {
      assert.deepEqual(await answers(name, 'A', '172.18.0.3'), ['A 10.1.2.2'], name)
    }
    assert.equal(said(await ask(question('secret'), '172.18.0.99')).rcode, 'NXDOMAIN', 'a stranger')
  })

  it('a name no more once its endpoint is gone, and a network no more once the asker left it', async () => {
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'app')
    assert.deepEqual(await answers('app'), ['A 10.1.2.2'])
    await host.remove('other', 'e2', web)
    assert.equal(said(await ask(question('app'))).rcode, 'NXDOMAIN')
    await host.endpoint('own', 'e5', web, '10.1.2.5', 'c5')
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'app')
    await host.remove('own', 'e1', web)
    assert.equal(said(await ask(question('app'))).rcode, 'NXDOMAIN', 'asker left')
  })

  it('looks at Docker for an asker that is new, and for a network that it has just been connected to', async () => {
    const db = await host.network('db', '10.1.3.0/24')
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'app')
    await host.endpoint('other', 'd2', db, '10.1.3.2', 'store')
    assert.deepEqual(await answers('app'), ['A 10.1.2.2'])
    await host.endpoint('own', 'd1', db, '10.1.3.1', 'c1')
    host.engine.put('box1', asker, { [`docker-${web}`]: 'e1', [`docker-${db}`]: 'd1' })
    assert.deepEqual(await answers('store'), ['A 10.1.3.2'])
    const { asked } = host.engine
    for (let i = 0; i < 50; i++) assert.deepEqual(await answers('app'), ['A 10.1.2.2'])
    assert.equal(host.engine.asked, asked, 'what is known is not asked for again')
  })

  it('looks again while Docker does not say whose an endpoint is', async () => {
    const db = await host.network('db', '10.1.3.0/24')
    await host.endpoint('other', 'd2', db, '10.1.3.2', 'store')
    await host.endpoint('own', 'd1', db, '10.1.3.1', '')
    host.engine.put('ep-d1', '', { [`docker-${db}`]: 'd1' })
    assert.equal(said(await ask(question('store'))).rcode, 'NXDOMAIN')
    assert.equal(host.askers.known().isComplete, false)
    host.engine.remove('ep-d1')
    host.engine.put('box1', asker, { [`docker-${web}`]: 'e1', [`docker-${db}`]: 'd1' })
    await eventually(async () => assert.deepEqual(await answers('store'), ['A 10.1.3.2']), 1_000)
    assert.equal(host.askers.known().isComplete, true)
  })

  it('waits for Docker at most once while it is away, and never for names that are not ours', async () => {
    await host.endpoint('other', 'e2', web, '10.1.2.2', 'app')
    assert.deepEqual(await answers('app'), ['A 10.1.2.2'])
    host.engine.isUp = false
    const { asked } = host.engine
    assert.deepEqual(await answers('app'), ['A 10.1.2.2'], 'what is known holds')
    for (let i = 0; i < 20; i++) await ask(question('example.org'), '172.18.0.77')
    assert.equal(host.engine.asked, asked)
    for (let i = 0; i < 20; i++) assert.equal(said(await ask(question('app'), '172.18.0.77')).rcode, 'NXDOMAIN')
    assert.ok(host.engine.asked - asked <= 4, `${host.engine.asked - asked} questions`)
  })

  it('what fits a datagram, marked as truncated, and all of it over TCP', async () => {
    for (let i = 10; i < 70; i++) await host.endpoint('other', `e${i}`, web, addressOf(i), 'many')
    const edns = { name: '.', type: 'OPT' as const, udpPayloadSize: 4096, extendedRcode: 0, ednsVersion: 0 }
    const wide = question('many', 'A', { additionals: [{ ...edns, flags: 0, flag_do: false, options: [] }] })
    const [plain, large, tcp] = [
      await ask(question('many')),
      await ask(wide),
      await ask(question('many'), asker, 'tcp'),
    ]
    assert.ok((plain?.length ?? 0) <= 512 && said(plain).isTruncated && said(plain).answers.length > 10)
    assert.ok((large?.length ?? 0) <= 1232 && said(large).answers.length > said(plain).answers.length)
    assert.deepEqual([said(tcp).answers.length, said(tcp).isTruncated], [60, false])
  })

  it('everything else by the server that was asked, byte for byte, errors and oddities too', async () => {
    const odd = [
      question('example.org'),
      question('x', 'SRV'),
      question('x', 'A', { flags: 0x0800 }),
      Buffer.alloc(12, 0x11),
    ]
    const questions = ['a.b', 'c.d'].map(name => ({ name, type: 'A' as const }))
    odd.push(
      encode({ type: 'query', id: 7, questions }),
      Buffer.concat([question('y').subarray(0, 12), Buffer.from([0xc0, 12])]),
    )
    for (const query of odd) {
      const reply = Buffer.concat([query.subarray(0, 2), Buffer.from([0x87, 0x85]), Buffer.from('whatever it says')])
      say = () => reply
      assert.deepEqual(await ask(query), reply)
      assert.deepEqual(forwarded.at(-1), query)
      assert.deepEqual(await ask(query, asker, 'tcp'), reply)
    }
  })

  it('a failure when that server says nothing, or is not there', async () => {
    say = () => undefined
    const query = question('Example.org')
    const silent = await ask(query)
    assert.deepEqual([said(silent).rcode, said(silent).id], ['SERVFAIL', query.readUInt16BE(0)])
    assert.match(silent?.toString('latin1') ?? '', /Example/)
    const begin = performance.now()
    const nobody = await host.resolver.resolve(question('example.org'), asker, 'udp', '127.255.0.9')
    assert.equal(said(nobody).rcode, 'SERVFAIL')
    assert.ok(performance.now() - begin < 250, 'as soon as it is known')
    assert.equal(host.forwarder.inFlight(), 0)
  })

  it('a failure at once when too many questions are under way', async () => {
    say = () => undefined
    const all = Array.from({ length: 400 }, () => ask(question('example.org')))
    assert.ok(host.forwarder.inFlight() <= 256)
    assert.deepEqual(new Set((await Promise.all(all)).map(answer => said(answer).rcode)), new Set(['SERVFAIL']))
  })

  it('nothing that is not a question, and no packet does harm', async () => {
    say = query => Buffer.concat([query.subarray(0, 2), Buffer.alloc(10, 0x80)])
    assert.equal(await ask(encode({ type: 'response', id: 1 })), undefined)
    assert.equal(await ask(Buffer.alloc(11)), undefined)
    const base = question('app', 'A', { additionals: [] })
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), fc.nat(), fc.boolean(), async (noise, at, isDamaged) => {
        const bytes = isDamaged ? Buffer.from(base) : Buffer.from(noise)
        if (isDamaged) bytes.set(noise.subarray(0, 4), at % (bytes.length - 4))
        const answer = await ask(bytes)
        assert.ok(answer === undefined || answer.length >= 12)
        if (answer) assert.equal(answer.readUInt16BE(0), bytes.readUInt16BE(0))
      }),
      { numRuns: 150 },
    )
  })
})

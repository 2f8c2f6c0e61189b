import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { encode } from 'dns-packet'
import { createListeners, type Listeners } from '../../../src/dns/listeners.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { eventually } from '../../support/eventually.ts'
import { askTcp, type DnsHost, newDnsHost, newServer, question, said } from './fixture.ts'

const base = 27_375

describe('dns: where containers ask', () => {
  let listeners: Listeners
  const echo = (server: string) => async (query: Buffer) => Buffer.from(`${query.toString('latin1')} by ${server}`)

  beforeEach(() => {
    listeners = createListeners(echo, silentLogger, base)
  })
  afterEach(() => listeners.close())

  async function askUdp(port: number, text: string): Promise<string> {
    const socket = createSocket('udp4')
    socket.send(text, port, '127.0.0.1')
    const [answer] = await once(socket, 'message')
    socket.close()
    return String(answer)
  }

  it('has a port for each server, over UDP and TCP, and keeps it', async () => {
    const ports = await listeners.serve('127.0.0.1', ['10.0.0.1', '10.0.0.2'])
    assert.deepEqual(
      [...ports],
      [
        ['10.0.0.1', base],
        ['10.0.0.2', base + 1],
      ],
    )
    assert.equal(await askUdp(base + 1, 'q'), 'q by 10.0.0.2')
    assert.equal(String(await askTcp(base, Buffer.from('t'))), 't by 10.0.0.1')
    assert.deepEqual(
      [...(await listeners.serve('127.0.0.1', ['10.0.0.2', '10.0.0.3']))],
      [
        ['10.0.0.2', base + 1],
        ['10.0.0.3', base],
      ],
    )
    assert.equal(listeners.received(), 2)
  })

  it('takes the next port where one is taken, and moves to another address of the bridge', async () => {
    const other = createSocket('udp4')
    other.bind(base, '127.0.0.1')
    await once(other, 'listening')
    assert.deepEqual([...(await listeners.serve('127.0.0.1', ['10.0.0.1'])).values()], [base + 1])
    other.close()
    assert.deepEqual([...(await listeners.serve('127.0.0.2', ['10.0.0.1'])).values()], [base])
    assert.deepEqual([...(await listeners.serve('192.0.2.1', ['10.0.0.1']))], [], 'no such address on this host')
    assert.equal((await listeners.serve('127.0.0.1', ['10.0.0.1'])).size, 1)
  })

  it('answers many questions of one stream, and survives streams that are cut or send nonsense', async () => {
    await listeners.serve('127.0.0.1', ['10.0.0.1'])
    const many = Array.from({ length: 100 }, (_, i) => Buffer.from(`q${i}`))
    const answers = await askTcp(base, ...many)
    assert.deepEqual(new Set(answers.map(String)), new Set(many.map(each => `${each} by 10.0.0.1`)))
    for (const bytes of [Buffer.from([0]), Buffer.from([0, 5, 1]), Buffer.alloc(70_000, 0xff)]) {
      const stream = connect(base, '127.0.0.1')
      stream.on('error', () => stream.destroy())
      stream.write(bytes, () => stream.resetAndDestroy())
      await once(stream, 'close')
    }
    assert.equal(await askUdp(base, 'still'), 'still by 10.0.0.1')
  })
})

describe('dns: a busy host', function () {
  this.timeout(20_000)
  let host: DnsHost
  let listeners: Listeners
  let server: Awaited<ReturnType<typeof newServer>>

  before(async () => {
    server = await newServer(query => encode({ type: 'response', id: query.readUInt16BE(0), flags: 3 }))
    host = await newDnsHost(server.port)
    const web = await host.network('web', '10.1.0.0/16')
    await host.endpoint('own', 'e1', web, '10.1.0.1', 'c1')
    await host.endpoint('other', 'e2', web, '10.1.0.2', 'app')
    host.engine.put('box1', '127.0.0.1', { [`docker-${web}`]: 'e1' })
    const { resolver } = host
    listeners = createListeners(
      to => (query, from, transport) => resolver.resolve(query, from, transport, to),
      silentLogger,
      base,
    )
    await listeners.serve('127.0.0.1', ['127.0.0.1'])
  })
  after(async () => {
    await listeners.close()
    await host.stop()
    server.stop()
  })

  it('answers 1,000 questions a second without losing one, a tenth of them by the server that was asked', async () => {
    const [count, perTick, tickMs] = [2_000, 10, 10]
    const socket = createSocket('udp4')
    const answers = new Map<number, Buffer>()
    socket.on('message', answer => answers.set(answer.readUInt16BE(0), answer))
    let sent = 0
    await new Promise<void>(resolve => {
      const timer = setInterval(() => {
        for (let i = 0; i < perTick; i++, sent++) {
          const query = question(sent % 10 === 0 ? 'example.org' : 'app')
          query.writeUInt16BE(sent, 0)
          socket.send(query, base, '127.0.0.1')
        }
        if (sent < count) return
        clearInterval(timer)
        resolve()
      }, tickMs)
    })
    await eventually(() => answers.size === count)
    socket.close()
    for (const [id, answer] of answers) {
      const expected = id % 10 === 0 ? ['NXDOMAIN', ''] : ['NOERROR', 'A 10.1.0.2']
      assert.deepEqual([said(answer).rcode, said(answer).answers.join()], expected)
    }
  })
})

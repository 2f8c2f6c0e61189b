/**
 * Run inside a container's network namespace: asks a name server and prints what came back, as JSON.
 * Arguments: server, `udp` or `tcp`, name, type, how many, per second.
 */
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { decode, encode, type Packet, RECURSION_DESIRED, streamDecode, streamEncode } from 'dns-packet'

export interface Asked {
  sent: number
  answered: number
  /** Of the answers, each once: return code and data. */
  answers: string[]
}

const [server = '', transport = 'udp', name = '', type = 'A', count = '1', perSecond = '1000'] = process.argv.slice(2)
const total = Number(count)
const answers = new Map<number, string>()
let sent = 0

const query = (id: number) => {
  return { type: 'query' as const, id, flags: RECURSION_DESIRED, questions: [{ name, type: type as 'A' }] }
}
const take = (packet: Packet) => {
  const data = (packet.answers ?? []).map(answer => ('data' in answer ? String(answer.data) : ''))
  answers.set(packet.id ?? 0, [(packet as unknown as { rcode: string }).rcode, ...data].join(' '))
}

if (transport === 'tcp') await overTcp()
else await overUdp()
const asked: Asked = { sent, answered: answers.size, answers: [...new Set(answers.values())] }
process.stdout.write(JSON.stringify(asked))

async function overTcp(): Promise<void> {
  const stream = connect(53, server)
  stream.write(streamEncode(query(++sent)))
  for await (const chunk of stream) {
    const packet = streamDecode(chunk)
    if (packet) take(packet)
    break
  }
}

async function overUdp(): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', message => take(decode(message)))
  const perTick = Math.ceil(Number(perSecond) / 100)
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      for (let i = 0; i < perTick && sent < total; i++) socket.send(encode(query(++sent)), 53, server)
      if (sent < total) return
      clearInterval(timer)
      resolve()
    }, 10)
  })
  const end = performance.now() + 3_000
  while (answers.size < sent && performance.now() < end) await new Promise(resolve => setTimeout(resolve, 10))
  socket.close()
}

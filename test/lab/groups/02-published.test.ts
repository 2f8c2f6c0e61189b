import assert from 'node:assert/strict'
import { ask, type LabHost, type LabNode } from '../../../lab/index.ts'
import { three } from '../acceptance/cli.ts'
import {
  assertCutOff,
  assertReaches,
  type Container,
  docker,
  eventually,
  heardThroughRestarts,
  networksAppear,
  runContainer,
  untilSilent,
  useLab,
} from '../support/index.ts'

/** Ports of the container, each published under another. */
const published = ['-p', '8080:80', '-p', '8081:81']
const services = [80, 81].map(port => `nc -ll -p ${port} -e echo tcp-${port} &`).join(' ')
/** On port 82, a line every 100 ms for as long as somebody listens. */
const ticks = 'nc -ll -p 82 -e sh -c "while echo tick; do sleep 0.1; done" &'
const command = ['sh', '-c', `trap exit TERM; ${services} ${ticks} while :; do sleep 1; done`]

describe('groups: published ports and the way out', function () {
  this.timeout(60_000)
  const lab = useLab()
  let one: LabHost
  let two: LabHost

  const skein = async (...argv: string[]) => {
    const { code, stdout, stderr } = await one.exec(['skein', ...argv], { timeoutMs: 30_000 })
    assert.equal(code, 0, `skein ${argv.join(' ')}: ${stderr}`)
    return stdout
  }
  const rule = (id: string, ...flags: string[]) => skein('policy', 'rule-add', 'p', id, ...flags)

  /** What the service behind the published port says, '' for nothing. */
  async function reads(from: LabNode, port: number, address = one.address): Promise<string> {
    const argv = ['busybox', 'nc', '-w', '1', address, String(port)]
    return (await from.exec(['timeout', '2', ...argv], { timeoutMs: 5_000, input: '' })).stdout.trim()
  }
  /** From elsewhere translated by the kernel, from the host itself through docker-proxy too. */
  const ways = (): [LabNode, string][] => [
    [lab().outside, one.address],
    [two, one.address],
    [one, one.address],
    [one, '127.0.0.1'],
  ]
  /** Each connection from there to the port has had an answer. */
  async function assertHears(from: LabNode, port: number): Promise<void> {
    const { stdout } = await from.exec(['ss', '-HtinO', 'state', 'established', 'dport', '=', `:${port}`])
    const connections = stdout.split('\n').filter(Boolean)
    assert.equal(connections.length, ways().filter(([origin]) => origin === from).length, `${from.name}: ${stdout}`)
    for (const connection of connections) assert.match(connection, /bytes_received:[1-9]/)
  }
  const assertEach = (port: number, expected: string) =>
    Promise.all(
      ways().map(async ([from, at]) =>
        assert.equal(await reads(from, port, at), expected, `${from.name} -> ${at}:${port}`),
      ),
    )

  const prepare = (...rules: [id: string, ...flags: string[]][]) => prepareBeside(0, ...rules)

  /** @param many rules that are not about these callers, before any host has to follow them */
  async function prepareBeside(many: number, ...rules: [id: string, ...flags: string[]][]): Promise<Container> {
    ;[one, two] = three(lab().hosts())
    await skein('net', 'create', '--subnet=10.1.2.0/24', 'web')
    await skein('policy', 'create', 'p')
    for (const [id, ...flags] of rules) await rule(id, ...flags)
    for (let from = 0; from < many; from += 50) await addOthers(from, 50)
    await skein('group', 'create', 'web', 'db', '-p', 'p')
    await networksAppear([one, two], 'web', 'db.web')
    return runContainer(one, 'db.web', 'service', { args: [...published, '-p', '8082:82'], command })
  }

  async function addOthers(from: number, count: number): Promise<void> {
    const rules = Array.from({ length: count }, (_, at) => from + at).map(n => {
      const what = { id: `m${n}`, direction: 'in', action: 'deny', protocol: 'tcp', port: 80 }
      return { ...what, priority: 1 + (n % 90), fromIp: `172.20.${n >> 8}.${n & 255}` }
    })
    const body = { policies: [{ name: 'p', rules }] }
    const { status, text } = await ask(one.apiSocket, 'POST', '/api/v1/apply', { body, timeoutMs: 25_000 })
    assert.equal(status, 200, text)
    assert.doesNotMatch(text, /refused/)
  }

  it('are under the same rules, by the port of the container, whoever calls', async () => {
    await prepare(['1', '-l', 'tcp', '-j', 'deny'], ['2', '-l', 'tcp', '-P', '80', '-p', '10'])
    await eventually(() => assertEach(8080, 'tcp-80'))
    await assertEach(8081, '')
    await rule('3', '-l', 'tcp', '-i', '192.168.2.254', '-p', '20', '-j', 'deny')
    await eventually(async () => assert.equal(await reads(lab().outside, 8080), ''), { timeoutMs: 2_000 })
    assert.equal(await reads(two, 8080), 'tcp-80', 'by address: this caller is another')
    await skein('policy', 'rule-rm', 'p', '3')
    await eventually(async () => assert.equal(await reads(lab().outside, 8080), 'tcp-80'))
    const counted = JSON.parse(await skein('policy', 'rule-ls', 'p', '--counters', '--json'))
    for (const { ruleId, counters } of counted) assert.ok(counters.packets > 0, `rule ${ruleId}`)
  })

  it('are open to all where rules speak of groups and networks: who calls is in none', async () => {
    await prepare(['1', '-l', 'tcp', '-n', 'web', '-j', 'deny'])
    await eventually(() => assertEach(8080, 'tcp-80'))
    const inside = await runContainer(two, 'web', 'inside')
    const { ip } = JSON.parse(
      await docker(
        one,
        'inspect',
        '-f',
        '{"ip":{{json (index .NetworkSettings.Networks "db.web").IPAddress}}}',
        'service',
      ),
    )
    assert.notEqual((await two.exec(['docker', 'exec', inside.id, 'nc', '-w', '1', ip, '80'])).code, 0)
  })

  it('a deny cuts what stands, also through docker-proxy', async () => {
    await prepare()
    await eventually(async () => assert.equal(await reads(two, 8080), 'tcp-80'))
    const listeners = ways().map(([from, address]) => untilSilent({ from, address, port: 8082 }))
    for (const [from] of ways()) await eventually(() => assertHears(from, 8082))
    await rule('1', '-l', 'tcp', '-P', '82', '-j', 'deny')
    for (const listener of listeners) assert.ok((await listener) > 0, 'it was heard before it was cut')
    assert.equal(await reads(two, 8080), 'tcp-80')
  })

  it('are cut by one more rule among 300 and back without it, and what was counted stays', async () => {
    await prepareBeside(300, ['1', '-l', 'tcp', '-P', '81', '-p', '50', '-j', 'deny'])
    const counted = async () => {
      const all: { ruleId: string; counters: { packets: number } }[] = JSON.parse(
        await skein('policy', 'rule-ls', 'p', '--counters', '--json'),
      )
      return all.find(({ ruleId }) => ruleId === '1')?.counters.packets ?? 0
    }
    const nft = async (...argv: string[]) => (await one.exec(['nft', ...argv], { timeoutMs: 30_000 })).stdout
    const held = async () =>
      (await nft('-s', 'list', 'counters', 'table', 'inet', 'skein_outside')).match(/counter t_/g)?.length
    await eventually(async () => assert.equal(await held(), 301))
    await assertEach(8081, '')
    const [before, lists] = [await counted(), await nft('list', 'map', 'inet', 'skein_outside', 'receivers')]
    assert.ok(before > 0)
    assert.match(lists, /jump in_/)
    const listener = untilSilent({ from: two, address: one.address, port: 8082 })
    await eventually(async () => assert.match(await reads(two, 8082), /^tick/))
    await rule('more', '-l', 'tcp', '-P', '82', '-p', '100', '-j', 'deny')
    assert.ok((await listener) > 0, 'it was heard before it was cut')
    assert.equal(await reads(two, 8082), '')
    await skein('policy', 'rule-rm', 'p', 'more')
    await eventually(async () => assert.match(await reads(two, 8082), /^tick/))
    assert.equal(await nft('list', 'map', 'inet', 'skein_outside', 'receivers'), lists, 'it is the same list')
    assert.equal(await held(), 301)
    assert.ok((await counted()) >= before)
  })

  it('never answer to whom a rule denies, while the container starts again and again, or without the peer', async () => {
    await prepare(['1', '-l', 'tcp', '-P', '81', '-j', 'deny'])
    const calls = [two, one].map(from => ({ from, address: one.address, port: 8081 }))
    const heard = await heardThroughRestarts(calls, one, 'service', async () => {
      assert.equal(await reads(two, 8080), 'tcp-80')
      await assertEach(8081, '')
    })
    assert.deepEqual(heard, ['', ''])
    await assertEach(8081, '')
    assert.equal(await reads(two, 8080), 'tcp-80')
  })

  it('the way out is under the rules of who goes, names are answered all the same', async () => {
    const service = await prepare()
    await assertReaches(service, '192.168.2.254')
    await rule('1', '-d', 'out', '-l', 'icmp', '-s', '192.168.2.0/24', '-j', 'deny')
    await eventually(() => assertCutOff(service, '192.168.2.254', { count: 1 }), { timeoutMs: 2_000 })
    await rule('2', '-d', 'out', '-j', 'deny')
    await runContainer(two, 'web', 'other')
    await eventually(async () => assert.match(await service.exec('nslookup', 'other'), /10\.1\.2\./))
    await eventually(() => assertEach(8080, 'tcp-80'))
  })
})

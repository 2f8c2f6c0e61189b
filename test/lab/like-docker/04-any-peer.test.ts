import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import type { AddressesJson, EndpointInspect, ListedEndpointJson, StatusJson } from '../../../src/api/types.ts'
import { three } from '../acceptance/cli.ts'
import { docker, eventually, runContainer, useLab } from '../support/index.ts'

interface Said {
  code: number
  stdout: string
  stderr: string
}

function trySkein(host: LabHost, args: string[], input?: string): Promise<Said> {
  return host.exec(['skein', ...args], { timeoutMs: 30_000, ...(input === undefined ? {} : { input }) })
}

async function skein(host: LabHost, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await trySkein(host, args)
  assert.equal(code, 0, `${host.name}: skein ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** Rows of a table without its head, as words. */
function rows(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => line.split(/ {2,}/))
}

/** Runs `during` while the host drops VXLAN from an address. */
async function dropping(host: LabHost, from: string, during: () => Promise<void>): Promise<void> {
  const rule = `ip saddr ${from} udp dport 7374 drop`
  const ruleset = `table inet deaf {\n chain input {\n type filter hook input priority -500;\n ${rule}\n }\n}\n`
  assert.equal((await host.exec(['nft', '-f', '-'], { input: ruleset })).code, 0)
  try {
    await during()
  } finally {
    await host.exec(['nft', 'delete', 'table', 'inet', 'deaf'])
  }
}

async function pathless(host: LabHost): Promise<string[]> {
  const { datapath } = JSON.parse(await skein(host, 'status', '-j')) as StatusJson
  return datapath.unreachable.map(member => member.name)
}

describe('like Docker 4: any peer', function () {
  this.timeout(120_000)
  const lab = useLab()

  it('shows the containers of all hosts on every host', async () => {
    const hosts = lab().hosts()
    const [one, two, host3] = three(hosts)
    await skein(one, 'net', 'create', '--subnet=10.1.2.0/24', 'web', '--wait')
    await Promise.all(hosts.map(host => eventually(() => docker(host, 'network', 'inspect', 'web'))))
    const [a, b] = await Promise.all([runContainer(one, 'web', 'a1'), runContainer(host3, 'web', 'a3')])
    const wanted = [
      ['host1/a1', 'web', a.ip, a.id.slice(0, 12)],
      ['host3/a3', 'web', b.ip, b.id.slice(0, 12)],
    ]
    for (const host of hosts) {
      await eventually(async () => assert.deepEqual(rows(await skein(host, 'ps')), wanted))
    }
    assert.equal(await skein(two, 'ps', '-q'), 'host1/a1\nhost3/a3\n')
    assert.deepEqual(rows(await skein(two, 'endpoint', 'ls')).sort(), [
      ['a1', 'web', 'default', a.ip, a.mac, 'host1'],
      ['a3', 'web', 'default', b.ip, b.mac, 'host3'],
    ])
    const { Oper } = JSON.parse(await skein(two, 'ep', 'inspect', b.id.slice(0, 12))) as EndpointInspect
    assert.deepEqual([Oper.containerName, Oper.homingHost, Oper.vtepIP], ['a3', 'host3', host3.address])
    const listed = JSON.parse(await skein(two, 'ep', 'ls', '-a', '-j')) as ListedEndpointJson[]
    assert.equal(listed.length, 2)
    await docker(one, 'rm', '-f', 'a1')
    await eventually(async () => assert.equal(await skein(two, 'ps', '-q'), 'host3/a3\n'))
  })

  it('tells what each host may hand out, and who is out of reach', async () => {
    const [one, two] = three(lab().hosts())
    await skein(one, 'net', 'create', '--subnet=10.1.2.0/24', 'web', '--wait')
    await eventually(() => docker(one, 'network', 'inspect', 'web'))
    const container = await runContainer(one, 'web', 'a1')
    const json = JSON.parse(await skein(one, 'ip', 'ls', 'web', '-j')) as AddressesJson
    assert.deepEqual(
      json.owners.map(({ owner, used, state }) => [owner, used, state]),
      [
        ['host1', 1, 'self'],
        ['host2', 0, 'in reach'],
        ['host3', 0, 'in reach'],
      ],
    )
    assert.equal(
      json.owners.reduce((sum, owner) => sum + owner.addresses, 0),
      254,
    )
    assert.ok(json.owners[0]?.ranges?.includes(container.ip.replace(/\d+$/, '')))
    await two.stopPeer()
    await eventually(async () => assert.equal(rows(await skein(one, 'ip', 'ls', 'web'))[1]?.[4], 'out of reach'))
  })

  it('does on one host what is meant for another', async () => {
    const [one, two, host3] = three(lab().hosts())
    assert.match(await skein(one, '-H', 'host2', 'status'), /^peer +host2 /)
    assert.match(await skein(one, '-H', 'host2', 'peer', 'invite'), /^skein1\./)
    await skein(one, '-H', 'host3', 'tenant', 'create', 'blue', '--wait')
    assert.match(await skein(two, 'tenant', 'ls', '-q'), /^blue$/m)
    const join = await trySkein(one, ['-H', 'host2', 'join', 'skein1.x'])
    assert.deepEqual([join.code, join.stderr.match(/run skein join on host2\n$/)?.length], [6, 1])
    const nobody = await trySkein(one, ['-H', 'host9', 'ps'])
    assert.deepEqual(
      [nobody.code, nobody.stderr.startsWith('Error: no member is called host9: see skein peer ls')],
      [4, true],
    )
    await host3.stopPeer()
    await eventually(async () => {
      const away = await trySkein(one, ['-H', 'host3', 'status'])
      assert.match(
        away.stderr,
        /^Error: host3 is out of reach of host1: run this on host3, or see .*: skein peer ls\n$/,
      )
      assert.equal(away.code, 7)
    })
  })

  it('says whom deleted records are kept for, while a host is away', async () => {
    const [one, two, host3] = three(lab().hosts())
    await skein(one, 'net', 'create', '--subnet=10.1.2.0/24', 'web', '--wait')
    await host3.stopPeer()
    await skein(one, 'net', 'rm', 'web')
    const kept = /^kept +deleted records, until (\S+) is back or removed: away for \d+ s/m
    for (const host of [one, two]) {
      await eventually(async () => assert.equal(kept.exec(await skein(host, 'status'))?.[1], 'host3'))
    }
    await host3.startPeer()
    for (const host of [one, two]) {
      await eventually(async () => assert.doesNotMatch(await skein(host, 'status'), kept), { timeoutMs: 15_000 })
    }
  })

  it('takes an export back, after all of it was deleted', async () => {
    const [one, two] = three(lab().hosts())
    await skein(one, 'tenant', 'create', 'blue')
    await skein(one, 'net', 'create', '-t', 'blue', '-s', '10.1.2.0/24', 'web')
    await skein(one, 'net', 'create', '-s', '10.1.2.10-10.1.2.50/24', 'db', '--wait')
    const exported = await skein(two, 'export')
    await skein(one, 'net', 'rm', '-t', 'blue', 'web')
    await skein(one, 'net', 'rm', 'db')
    await skein(one, 'tenant', 'rm', 'blue', '--wait')
    assert.notEqual(await skein(two, 'export'), exported)
    const dry = await trySkein(two, ['apply', '-f', '-', '--dry-run'], exported)
    assert.deepEqual([dry.code, dry.stdout.match(/would be created$/gm)?.length], [0, 3])
    const applied = await trySkein(two, ['apply', '-f', '-', '--wait'], exported)
    assert.equal(applied.code, 0, applied.stderr)
    assert.equal(await skein(one, 'export'), exported)
    await eventually(() => docker(one, 'network', 'inspect', 'web/blue'))
  })

  it('names a pair of hosts between which VXLAN is lost, within 30 s, and no longer once it passes', async () => {
    const [one, two, host3] = three(lab().hosts())
    await eventually(async () => {
      for (const host of [one, two, host3]) assert.deepEqual(await pathless(host), [])
    })
    await dropping(two, one.address, async () => {
      await eventually(
        async () => {
          assert.deepEqual([await pathless(one), await pathless(two)], [['host2'], ['host1']])
        },
        { timeoutMs: 30_000, intervalMs: 500 },
      )
      assert.match(
        await skein(one, 'status'),
        /^no path +host1 <-> host2: VXLAN is not answered for \d+ s: let it pass/m,
      )
      // the mesh is as ever, and nobody else is suspected
      assert.match(await skein(one, 'status'), /all within reach$/m)
      assert.deepEqual(await pathless(host3), [])
    })
    await eventually(async () => assert.deepEqual([await pathless(one), await pathless(two)], [[], []]), {
      timeoutMs: 15_000,
      intervalMs: 500,
    })
  })
})

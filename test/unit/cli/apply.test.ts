import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { readObjects, writeObjects } from '../../../cli/objects-file.ts'
import { contentName, rosterLeaf } from '../../../src/crdt/registry.ts'
import { formatIp } from '../../../src/model/ip.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { type CliPeer, runCli, startCliPeer } from './fixture.ts'

const file = `
tenants:
  - name: blue
networks:
  - { tenant: blue, name: web, subnet: 10.1.2.0/24 }
  - name: web
    subnet: 10.1.2.10-10.1.2.50/24
    pktTag: 77
`

describe('cli: export and apply', () => {
  let host: CliPeer
  beforeEach(async () => {
    host = await startCliPeer()
  })
  afterEach(() => host.stop())

  const apply = (text: string, ...argv: string[]) =>
    runCli('skein', ['apply', '-f', '-', ...argv], { SKEIN_HOST: host.socketPath }, text)

  it('creates what is missing, tenants first; once more, nothing', async () => {
    assert.deepEqual(await apply(file), {
      code: 0,
      stdout: 'tenant blue created\nnetwork blue:web created\nnetwork default:web created\n',
      stderr: '1 of 1 members have it\n',
    })
    const before = host.peer.registry.digest()
    assert.deepEqual(await apply(file), {
      code: 0,
      stdout: 'tenant blue exists already\nnetwork blue:web exists already\nnetwork default:web exists already\n',
      stderr: '',
    })
    assert.equal(host.peer.registry.digest(), before)
    assert.equal(host.peer.syncs, 2, 'one look at the other members for all objects')
  })

  it('exports what apply takes', async () => {
    await apply(file)
    assert.equal(
      (await host.skein('export')).stdout,
      [
        'tenants:',
        '  - name: default',
        '  - name: blue',
        'networks:',
        '  - tenant: blue',
        '    name: web',
        '    subnet: 10.1.2.0/24',
        '    encap: vxlan',
        '    type: data',
        '  - tenant: default',
        '    name: web',
        '    subnet: 10.1.2.10-10.1.2.50/24',
        '    encap: vxlan',
        '    type: data',
        '    pktTag: 77',
        '',
      ].join('\n'),
    )
    const json = (await host.skein('export', '--json')).stdout
    assert.equal(JSON.parse(json).networks.length, 2)
    assert.match((await apply(json)).stdout, /^network blue:web exists already$/m)
  })

  it('--dry-run tells the same and writes nothing', async () => {
    const before = host.peer.registry.digest()
    const overlapping = `${file}  - { name: other, subnet: 10.1.2.0/28 }\n  - { tenant: red, name: a, subnet: 10.1.0.0/16 }\n`
    const dry = await apply(overlapping, '--dry-run')
    assert.equal(host.peer.registry.digest(), before)
    assert.equal(
      dry.stdout.split('\n').slice(0, 3).join('\n'),
      'tenant blue would be created\nnetwork blue:web would be created\nnetwork default:web would be created',
    )
    const real = await apply(overlapping)
    assert.equal(dry.stdout.replaceAll('would be created', 'created'), real.stdout)
    assert.deepEqual([dry.code, real.code], [5, 5])
    assert.equal((await apply(file, '--dry-run')).stdout.includes('would be'), false)
  })

  it('does what it can, reports each object, and fails with the first refusal', async () => {
    const { code, stdout, stderr } = await apply(`
tenants: [{ name: a_b }, { name: blue }]
networks:
  - { name: ok, subnet: 10.1.0.0/24 }
  - { name: bad, subnet: 10.2.0.1/24 }
  - { name: nowhere, subnet: 10.3.0.0/24, tenant: red }
  - { name: over, subnet: 10.1.0.0/16 }
`)
    assert.equal(code, 3)
    const [a, b, c, d, e, f] = stdout.split('\n')
    assert.match(a as string, /^tenant a_b refused: tenant name "a_b" is invalid/)
    assert.deepEqual([b, c], ['tenant blue created', 'network default:ok created'])
    assert.match(d as string, /^network default:bad refused: subnet 10\.2\.0\.1\/24 has host bits set/)
    assert.match(e as string, /^network red:nowhere refused: tenant red does not exist/)
    assert.match(f as string, /^network default:over refused: network ok conflicts/)
    assert.match(stderr, /^Error: 4 of 6 objects were refused: mend them and apply the file once more$/m)
    const json = await apply('{"networks":[{"name":"bad","subnet":"x"}]}', '-j')
    assert.deepEqual(
      JSON.parse(json.stdout).map((result: { outcome: string; error: { code: string } }) => [
        result.outcome,
        result.error.code,
      ]),
      [['refused', 'invalid']],
    )
  })

  it('deletes nothing, and changes nothing that is there', async () => {
    await apply(file)
    const { code, stdout } = await apply('networks: [{ name: web, subnet: 10.9.0.0/24 }]')
    assert.equal(code, 5)
    assert.match(stdout, /^network default:web refused: network web exists with other parameters/)
    assert.match((await apply('{}')).stdout, /^$/)
    assert.equal(host.peer.registry.networks().length, 2)
  })

  it('leaves out, and names, the later of two networks of one name', async () => {
    await apply('networks: [{ name: web, subnet: 10.1.0.0/24 }]')
    const [network] = host.peer.registry.networks()
    const roster = contentName(rosterLeaf(network?.roster ?? []))
    const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.2.0.0/24' })
    await host.peer.write([{ kind: 'network', tenant: 'default', name: 'web', generation: 0, spec, roster }])
    const { stdout, stderr } = await host.skein('export')
    assert.equal(stdout.match(/name: web/g)?.length, 1)
    assert.match(stderr, /^left out: default:web~[0-9a-f]{6}, the later of two networks of one name;/)
  })

  it('carries what a network born in Docker has, its name too', async () => {
    const born = `networks:
  - tenant: default
    name: my_app_default
    subnet: 10.64.0.0/24
    encap: vxlan
    type: data
    docker:
      labels:
        com.docker.compose.network: default
        com.docker.compose.project: my_app
      options:
        x: "1"
      internal: true
`
    const { code, stdout, stderr } = await apply(born)
    assert.equal(code, 0, stdout + stderr)
    const network = host.peer.registry.networkByName('default', 'my_app_default')
    assert.deepEqual(network?.docker?.labels[1], ['com.docker.compose.project', 'my_app'])
    assert.equal((await host.skein('export')).stdout, `tenants:\n  - name: default\n${born}`)
    assert.match((await apply('networks: [{ name: a_b, subnet: 10.9.0.0/24 }]')).stdout, /refused: network name "a_b"/)
    const many = Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`label${at}`, '']))
    const refused = await apply(
      JSON.stringify({ networks: [{ name: 'm', subnet: '10.9.0.0/24', docker: { labels: many } }] }),
    )
    assert.deepEqual([refused.code, /labels: at most 256/.test(refused.stderr)], [3, true])
  })

  it('reads a file, and says when it cannot', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'skein-apply-'))
    try {
      const path = join(directory, 'mesh.yaml')
      writeFileSync(path, file)
      assert.match((await host.skein('apply', '-f', path)).stdout, /^tenant blue created$/m)
      const missing = await host.skein('apply', '--file', join(directory, 'none'))
      assert.deepEqual([missing.code, missing.stderr.split('\n').length], [2, 2])
      assert.equal((await host.skein('apply')).code, 2)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  const bad: [text: string, says: RegExp][] = [
    ['', /^line 1: expected tenants, networks/],
    ['just text', /^line 1: expected tenants, networks/],
    [
      'tenants:\n  - name: a\nvolumes: []\n',
      /^line 3: unknown kind "volumes": known are tenants, networks, netprofiles, policies, groups$/,
    ],
    ['constructor: []', /^line 1: unknown kind "constructor"/],
    ['tenants: blue', /^line 1: tenants must be a list of objects$/],
    ['tenants:\n  - blue\n', /^line 2: an item of tenants must be an object$/],
    [
      'tenants:\n  - name: a\n    color: red\n',
      /^line 3: unknown field "color" in an item of tenants: known are name$/,
    ],
    [
      'networks:\n  - name: a\n    subnet: 10.0.0.0/24\n    toString: x\n',
      /^line 4: unknown field "toString" in an item of networks/,
    ],
    ['networks:\n\n  - name: a\n', /^line 3: an item of networks has no subnet$/],
    ['networks:\n  - name: [a]\n    subnet: 10.0.0.0/24\n', /^line 2: name must be a text$/],
    ['networks:\n  - name: a\n    subnet: 10.0.0.0/24\n    pktTag: "7"\n', /^line 4: pktTag must be a number$/],
    ['networks:\n  - name: true\n    subnet: 10.0.0.0/24\n', /^line 2: name must be a text$/],
    ['networks:\n  - name: a\n    subnet: 10.0.0.0/24\n    docker: 7\n', /^line 4: docker must be an object$/],
    ['networks:\n- docker:\n    internal: 1\n', /^line 3: internal must be a boolean$/],
    [
      'networks:\n- docker:\n    color: 1\n',
      /^line 3: unknown field "color" in docker: known are labels, options, internal$/,
    ],
    ['networks:\n- docker:\n    labels:\n      a: [b]\n', /^line 4: a in labels must be a text$/],
    ['networks:\n- docker:\n    labels: [a]\n', /^line 3: labels must be texts by name$/],
    ['tenants:\n  - name: a\n    name: b\n', /^line 3: Map keys must be unique/],
    ['tenants: [\n', /^line \d: /],
    ['tenants:\n  - &a { name: x }\n  - *a\n', /^line 3: an item of tenants must be an object$/],
    ['tenants: []\n---\ntenants: []\n', /^line \d: Source contains multiple documents/],
    [`tenants: [${'{ name: a }, '.repeat(60_000)}]`, /is larger than 700 KiB/],
  ]
  for (const [text, says] of bad) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))} with its line, and changes nothing`, async () => {
      const before = host.peer.registry.digest()
      const { code, stdout, stderr } = await apply(text)
      assert.deepEqual([code, stdout], [3, ''])
      assert.equal(stderr.split('\n').length, 2)
      assert.match(stderr.trimEnd().replace(/^Error: standard input,? /, ''), says)
      assert.equal(host.peer.registry.digest(), before)
    })
  }

  it('takes a number where a name is wanted for what is written', async () => {
    assert.deepEqual(await readObjects('x', 'tenants: [{ name: 042 }, { name: 1e3 }]'), {
      tenants: [{ name: '042' }, { name: '1e3' }],
    })
  })

  it('round trip: another mesh to which an export is applied exports the same', async () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,8}$/)
    const networks = fc.uniqueArray(
      fc.record({ tenant: name, name, tag: fc.option(fc.integer({ min: 1, max: 0xfffffe })) }),
      {
        selector: ({ tenant, name: own }) => `${tenant}:${own}`,
        maxLength: 6,
      },
    )
    await fc.assert(
      fc.asyncProperty(networks, fc.uniqueArray(name, { maxLength: 3 }), async (wanted, empty) => {
        const objects = {
          tenants: [...new Set([...empty, ...wanted.map(network => network.tenant)])].map(own => ({ name: own })),
          networks: wanted.map((network, at) => ({
            tenant: network.tenant,
            name: network.name,
            subnet: `${formatIp(0x0a000000 + at * 65536)}/16`,
            ...(network.tag === null ? {} : { pktTag: network.tag }),
          })),
        }
        const [one, two] = [await startCliPeer(), await startCliPeer()]
        try {
          const at = (peer: CliPeer, text: string, ...argv: string[]) =>
            runCli('skein', argv, { SKEIN_HOST: peer.socketPath }, text)
          assert.equal((await at(one, await writeObjects(objects), 'apply', '-f', '-')).code, 0)
          const exported = (await one.skein('export')).stdout
          assert.equal((await at(two, exported, 'apply', '-f', '-')).code, 0)
          assert.equal((await two.skein('export')).stdout, exported)
          assert.deepEqual(await readObjects('x', exported), JSON.parse((await one.skein('export', '-j')).stdout))
        } finally {
          await Promise.all([one.stop(), two.stop()])
        }
      }),
      { numRuns: 15 },
    )
  })
})

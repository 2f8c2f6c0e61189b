import assert from 'node:assert/strict'
import { call, docker, eventually, inspect, meshNetworks, runContainer, useLab } from '../support/index.ts'
import { assertAgree, netctl, networkNames, status, three, tryNetctl } from './cli.ts'

describe('acceptance 6: deleting, creating again, refusing', function () {
  this.timeout(90_000)
  const lab = useLab()

  it('refuses to delete a network in use, naming what uses it; then deletes it everywhere within 2 s', async () => {
    const hosts = lab().hosts()
    const [one, two] = three(hosts)
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await eventually(async () => assert.deepEqual(await meshNetworks(two), ['contiv-net']))
    const ids = async () =>
      Promise.all(hosts.map(async host => (await inspect(host, 'network', 'contiv-net')).Options?.['skein.id']))
    await eventually(async () => assert.equal(new Set(await ids()).size, 1))
    const [firstId] = await ids()
    const container = await runContainer(two, 'contiv-net', 'holder')

    await eventually(async () => {
      const refused = await tryNetctl(one, 'net', 'rm', 'contiv-net')
      assert.notEqual(refused.code, 0)
      assert.match(refused.stderr, /holder/)
      assert.equal(refused.stderr.trim().split('\n').length, 1)
    })
    await docker(two, 'rm', '-f', container.name)
    await eventually(async () => assert.equal((await tryNetctl(one, 'net', 'rm', 'contiv-net')).code, 0))
    await eventually(
      async () => {
        for (const host of hosts) assert.deepEqual(await meshNetworks(host), [], host.name)
      },
      { timeoutMs: 2000, intervalMs: 20 },
    )

    await netctl(two, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await eventually(async () => assert.equal(new Set(await ids()).size, 1))
    assert.notEqual((await ids())[0], firstId)
  })

  it('accepts an equal network twice and says so', async () => {
    const [one, two] = three(lab().hosts())
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await assertAgree(lab().hosts(), 5000)
    const again = await two.exec(['skein', 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net'])
    assert.equal(again.code, 0)
    assert.match(again.stdout + again.stderr, /exist/)
  })

  const refusals: [what: string, args: string[], text: RegExp][] = [
    ['a bad name', ['net', 'create', '--subnet=10.5.0.0/24', 'a_b'], /name/],
    ['a subnet with host bits', ['net', 'create', '--subnet=10.5.0.1/24', 'other'], /10\.5\.0\.0\/24/],
    ['a subnet that is none', ['net', 'create', '--subnet=10.5.0/24', 'other'], /subnet/],
    ['an overlap within the tenant', ['net', 'create', '--subnet=10.1.0.0/16', 'other'], /contiv-net/],
    ['another spec under the same name', ['net', 'create', '--subnet=10.6.0.0/24', 'contiv-net'], /contiv-net/],
    ['an unknown tenant', ['net', 'create', '-t', 'nobody', '--subnet=10.5.0.0/24', 'other'], /nobody/],
    ['a bad tenant name', ['tenant', 'create', '-'], /name/],
    ['a network that is not there', ['net', 'rm', 'ghost'], /ghost/],
    ['no subnet', ['net', 'create', 'other'], /[Ss]ubnet/],
  ]

  it('refuses bad requests with one line and an exit code, and changes nothing anywhere', async () => {
    const hosts = lab().hosts()
    const [one] = three(hosts)
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await eventually(async () => {
      for (const host of hosts) assert.deepEqual(await meshNetworks(host), ['contiv-net'])
    })
    await assertAgree(hosts, 5000)
    const { digest } = await status(one)
    for (const [what, args, text] of refusals) {
      const result = await tryNetctl(one, ...args)
      assert.notEqual(result.code, 0, what)
      assert.match(result.stderr, text, what)
      assert.doesNotMatch(result.stderr, /\n\s+at /, what)
    }
    for (const host of hosts) {
      assert.equal((await status(host)).digest, digest)
      assert.deepEqual(await networkNames(host), ['default/contiv-net'])
    }
    assert.equal(((await call(one, 'GET', '/api/v1/tenants/')) as unknown[]).length, 1)
  })
})

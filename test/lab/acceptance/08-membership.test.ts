import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { LabHost } from '../../../lab/index.ts'
import { newSeed } from '../../../src/lib/keys.ts'
import { decodeToken, encodeToken } from '../../../src/mesh/token.ts'
import { eventually, meshNetworks, runContainer, useLab } from '../support/index.ts'
import { netctl, status, three } from './cli.ts'

const logOf = (host: LabHost) => readFileSync(host.peerLog, 'utf8')

async function skein(host: LabHost, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await host.exec(['skein', ...args], { timeoutMs: 30_000 })
  assert.equal(code, 0, `${host.name}: skein ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** Both sides say why: the joiner to its user, the issuer in its log. */
async function assertRefused(joiner: LabHost, issuer: LabHost, token: string, reason: RegExp): Promise<void> {
  const before = logOf(issuer).length
  const { code, stderr } = await joiner.exec(['skein', 'join', token], { timeoutMs: 30_000 })
  assert.notEqual(code, 0)
  assert.match(stderr, reason)
  assert.equal(stderr.trim().split('\n').length, 1)
  await eventually(() => assert.match(logOf(issuer).slice(before), reason))
}

describe('membership: invitations, refusals, coming back', function () {
  this.timeout(120_000)
  const lab = useLab({ own: true, clean: false })

  it('lets a running peer without objects join, once per token, and refuses used, expired and foreign tokens', async () => {
    const [one] = three(lab().hosts())
    // a peer that founded a mesh of its own, as every new host does
    const four = await lab().addHost({ peer: false })
    await four.startPeer()
    const alone = (await status(four)).members.map(member => member.name)
    assert.deepEqual(alone, ['host4'])

    const expired = await skein(one, 'peer', 'invite', '--ttl', '1s')
    await eventually(() => assert.ok(Date.now() > decodeToken(expired).expiresMs, 'the token has expired'))
    await assertRefused(four, one, expired, /expired/)

    const token = await skein(one, 'peer', 'invite')
    await skein(four, 'join', token)
    await eventually(async () => {
      const { self, members } = await status(four)
      assert.deepEqual([self.settled, members.length], [true, 4])
    })
    assert.match(await skein(one, 'peer', 'ls'), /host4 +\S+ +settled +192\.168\.2\.13:7373 +host1 +yes/)

    const five = await lab().addHost({ peer: false })
    await five.startPeer()
    await assertRefused(five, one, token, /has been used/)

    // a token of a mesh that host1 does not know: its issuer's address, a stranger's key
    const foreign = await skein(five, 'peer', 'invite')
    const { code, stderr } = await four.exec(['skein', 'join', foreign])
    assert.notEqual(code, 0)
    assert.match(stderr, /member of a mesh with other hosts/)
  })

  it('refuses to join while it holds an object of a user', async () => {
    const [one] = three(lab().hosts())
    const five = lab().host('5')
    await netctl(five, 'tenant', 'create', 'blue')
    const { code, stderr } = await five.exec(['skein', 'join', await skein(one, 'peer', 'invite')])
    assert.notEqual(code, 0)
    assert.match(stderr, /delete them first/)
    assert.match(await netctl(five, 'tenant', 'ls'), /blue/)
  })

  it('refuses a stranger, with the reason in both logs', async () => {
    const [one] = three(lab().hosts())
    const five = lab().host('5')
    // knows the issuer and its address, but holds no key that was invited: what a stranger could make up
    const token = decodeToken(await skein(one, 'peer', 'invite'))
    await netctl(five, 'tenant', 'rm', 'blue')
    const before = logOf(one).length
    const forged = encodeToken({ ...token, seed: newSeed() })
    const { code, stderr } = await five.exec(['skein', 'join', forged], { timeoutMs: 30_000 })
    assert.notEqual(code, 0)
    assert.match(stderr, /does not know this invitation/)
    await eventually(() => assert.match(logOf(one).slice(before), /stranger/))
    assert.deepEqual((await status(one)).members.map(member => member.name).sort(), [
      'host1',
      'host2',
      'host3',
      'host4',
    ])
  })

  it('comes back from its own disk, with every acknowledged write', async () => {
    const [, two, three3] = three(lab().hosts())
    await netctl(two, 'net', 'create', '--subnet=10.7.0.0/24', 'kept')
    await two.killPeer()
    await two.startPeer()
    assert.match(await netctl(two, 'net', 'ls'), /kept/)
    await eventually(async () => {
      assert.deepEqual(await meshNetworks(two), ['kept'])
      assert.deepEqual(await meshNetworks(three3), ['kept'])
      const { members } = await status(three3)
      assert.ok(members.find(member => member.name === 'host2')?.connected)
    })
    await runContainer(two, 'kept', 'k1')
  })
})

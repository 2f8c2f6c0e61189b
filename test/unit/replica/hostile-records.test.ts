import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'mocha'
import { createNetworkLeaves } from '../../../src/crdt/acts.ts'
import { giveAddressLeaves } from '../../../src/crdt/addresses.ts'
import { transferLeaf } from '../../../src/crdt/blocks.ts'
import { admissionProof } from '../../../src/crdt/identity.ts'
import type { BlockLeaf, Leaf, Transfer } from '../../../src/crdt/leaves.ts'
import { contentName, rosterLeaf } from '../../../src/crdt/registry.ts'
import type { RegistryView } from '../../../src/crdt/registry-view.ts'
import type { PeerKey } from '../../../src/lib/keys.ts'
import { checkNetwork } from '../../../src/model/network.ts'
import { type HostileMesh, meshWithHostile } from '../../support/hostile-member.ts'
import { MemoryHub } from '../../support/memory-mesh.ts'
import type { MemoryPeer } from '../../support/memory-peer.ts'
import { signerAt } from '../crdt/writer.ts'
import { withoutEffect } from './hostile-effect.ts'

const spec = checkNetwork({ tenant: 'default', name: 'web', subnet: '10.1.2.0/24' })
const rubbish = new Uint8Array(64).fill(7)

/** The view as if its blocks and addresses were the hostile member's: what it would sign if nobody looked. */
function stolen(view: RegistryView, self: PeerKey, isCarved = true): RegistryView {
  return new Proxy(view, {
    get(target, name) {
      if (name === 'block')
        return (id: string, index: number) => ({ ...target.block(id, index), owner: self, carved: [] })
      const address = { ip: 0, owner: self, epoch: 0, removal: 0, quarantined: false }
      if (name === 'address') return () => (isCarved ? address : undefined)
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** What is shown of a forgery; `why` not, if nothing is. */
type Shown = RegExp | { readonly why: string }

function says(what: string): Shown {
  return new RegExp(`^host4 wrote what it had no right to, and nobody gives effect to it: ${what}$`)
}

describe('replica: records that forge another’s right', () => {
  let mesh: HostileMesh
  let web = ''
  const view = () => (mesh.honest[0] as MemoryPeer).replica.view
  const ownerOf = (index: number) => view().block(web, index)?.owner
  const indexOf = (test: (owner: PeerKey | undefined) => boolean) =>
    Array.from({ length: view().blockCount(web) }, (_, i) => i).find(index => test(ownerOf(index))) ?? -1
  const theirs = () => indexOf(owner => owner !== mesh.hand.key)
  const ours = () => indexOf(owner => owner === mesh.hand.key)
  /** A chain of these steps, each with the signature of the hostile member over the real thing or over nothing. */
  const withSteps = (leaf: BlockLeaf, change: (steps: Transfer[]) => Transfer[]): BlockLeaf => ({
    ...leaf,
    transfers: change([...leaf.transfers]),
  })
  const known = (): Leaf => ({
    kind: 'known',
    admissions: view()
      .admissions()
      .map(({ key, dot }) => ({ key, dot })),
    removals: [],
    ends: [],
    pending: [],
  })

  // one for each: what is shown of one forgery would stay, and pass for that of the next
  beforeEach(async () => {
    mesh = await meshWithHostile(new MemoryHub())
    const act = { tenant: 'default', name: 'web', spec }
    await mesh.honest[0]?.replica.write(current => createNetworkLeaves(current, act))
    await mesh.agree()
    web = view().networkByName('default', 'web')?.id ?? ''
    const { last } = view().blockRange(web, ours())
    mesh.say([
      mesh.hand.make([transferLeaf(view(), mesh.hand.signer, web, ours(), mesh.hand.key, mesh.hand.next, [last])]),
    ])
    await mesh.agree()
  })
  afterEach(() => mesh.stop())

  const newcomer = signerAt(77).key
  const admit = (invitation: number, proofBy: number): Leaf[] => [
    known(),
    {
      ...{ kind: 'admission', key: newcomer, name: 'evil', addresses: [], invitation: signerAt(invitation).key },
      proof: signerAt(proofBy).sign(admissionProof(mesh.hand.meshId, newcomer, 'evil')),
      known: contentName(known()),
    },
  ]
  const next = () => mesh.hand.head.counter + 1
  const block = (index: number) =>
    transferLeaf(stolen(view(), mesh.hand.key), mesh.hand.signer, web, index, newcomer, next())

  const address = (isCarved: boolean) => {
    const ip = view().blockRange(web, theirs()).first + 1
    const { key, signer } = mesh.hand
    return giveAddressLeaves(stolen(view(), key, isCarved), signer, web, [ip], key, next())
  }

  const forged: Record<string, () => Leaf[]> = {
    'a block that it does not own, given as if it were the first owner': () => [block(theirs())],
    'a block that it does not own, in the owner’s name': () => [
      withSteps(block(theirs()), steps => steps.map(step => ({ ...step, from: ownerOf(theirs()) ?? '' }))),
    ],
    'a step before its own that the owner never signed': () => [
      withSteps(block(theirs()), ([step]) => [
        { epoch: 1, from: ownerOf(theirs()) ?? '', to: mesh.hand.key, carved: [], signature: rubbish, counter: 1 },
        { ...(step as Transfer), epoch: 2 },
      ]),
    ],
    'a block of its own with an epoch left out': () => [
      withSteps(block(ours()), ([step]) => [{ ...(step as Transfer), epoch: 2 }]),
    ],
    'a block of its own whose set of carved addresses shrinks': () => {
      assert.equal(view().block(web, ours())?.carved.length, 1)
      return [block(ours())]
    },
    'a block with no step, and one that does not exist': () => [
      withSteps(block(ours()), () => []),
      { ...block(ours()), index: 4_000_000_000 },
    ],
    'an address of another’s block, carved out by itself': () => address(false),
    'an address of another’s block, as if it had been carved out': () => address(true),
    'a reservation of another’s address': () => [
      { kind: 'reservation', network: web, ip: view().blockRange(web, theirs()).first, isKept: true },
    ],
    'a drain and a setting for Docker of networks that are none': () => [
      { kind: 'network-drain', id: 'ab'.repeat(32), into: web },
      { kind: 'network-docker', network: 'ab'.repeat(32), labels: [], options: [], internal: true },
    ],
    'an admission without an invitation': () => admit(90, 90),
    'an admission by another’s invitation': () => {
      const invitation = view().invitations((mesh.honest[0] as MemoryPeer).signer.key)[0]?.key ?? ''
      const [list, admission] = admit(90, 90)
      return [list as Leaf, { ...(admission as Leaf & { kind: 'admission' }), invitation }]
    },
    'an acknowledgement, and a settling, of an admission that is none': () => [
      { kind: 'ack', admission: { writer: mesh.hand.key, counter: 9999 }, known: contentName(known()) },
      { kind: 'settled', admission: { writer: mesh.hand.key, counter: 9999 }, acks: [] },
    ],
    'an acknowledgement, and a settling, of its own first record': () => [
      known(),
      { kind: 'ack', admission: { writer: mesh.hand.key, counter: 1 }, known: contentName(known()) },
      { kind: 'settled', admission: { writer: mesh.hand.key, counter: 1 }, acks: [] },
    ],
    'the founding of the mesh, once more': () => [
      { kind: 'mesh', founder: mesh.hand.key, nonce: new Uint8Array(16), name: 'evil', addresses: [] },
      { kind: 'mesh', founder: view().members()[0]?.key ?? '', nonce: new Uint8Array(16), name: 'evil', addresses: [] },
    ],
    'a network whose seeds are not settled, are none, or are unknown': () => {
      const roster = rosterLeaf([mesh.hand.key, newcomer])
      const nobody = rosterLeaf([])
      const act = { kind: 'network', tenant: 'default', name: 'mine', generation: 0, spec } as const
      return [
        ...[roster, nobody],
        ...[contentName(roster), contentName(nobody), 'cd'.repeat(32)].map(hash => ({ ...act, roster: hash })),
      ]
    },
    'endpoints at the broadcast address, and outside of the network': () =>
      [0x0a0102ff, 0x0a090909].map(ip => ({
        ...{ kind: 'endpoint', id: `at${ip}`, network: web, ip, mac: '02:02:0a:01:02:09', ...container },
      })),
    'the end of another’s endpoint': () => [{ kind: 'endpoint-rm', id: 'e1', network: web }],
  }

  /** What the condition says of it, whole, or why there is none (docs/reference/records.md, Records without a right). */
  const shown: Record<string, Shown> = {
    'a block that it does not own, given as if it were the first owner': says('a transfer of block \\d of default/web'),
    'a block that it does not own, in the owner’s name': says('a transfer of block \\d of default/web'),
    'a step before its own that the owner never signed': says('a transfer of block \\d of default/web'),
    'a block of its own with an epoch left out': says('a transfer of block \\d of default/web'),
    'a block of its own whose set of carved addresses shrinks': says('a transfer of block \\d of default/web'),
    'a block with no step, and one that does not exist': says(
      'a transfer of block \\d of default/web; a transfer of block 4000000000 of default/web',
    ),
    // the carving stands for the address, which rests on it
    'an address of another’s block, carved out by itself': says('a transfer of block \\d of default/web'),
    'an address of another’s block, as if it had been carved out': says(
      'a transfer of 10\\.1\\.2\\.\\d+ of default/web',
    ),
    'a reservation of another’s address': {
      why: 'whose the address is changes: an honest host’s reservation stays behind when it gives the address away',
    },
    'a drain and a setting for Docker of networks that are none': { why: 'the networks may still arrive' },
    'an admission without an invitation': says('the admission of [0-9a-f]{12} \\(evil\\)'),
    'an admission by another’s invitation': says('the admission of [0-9a-f]{12} \\(evil\\)'),
    'an acknowledgement, and a settling, of an admission that is none': {
      why: 'record 9999 of its writer may still arrive, and be an admission',
    },
    'an acknowledgement, and a settling, of its own first record': says(
      'an acknowledgement of what is no admission, record 1 of host4; that it is settled, which no majority acknowledged',
    ),
    'the founding of the mesh, once more': says('the founding of this mesh'),
    'a network whose seeds are not settled, are none, or are unknown': {
      why: 'what settles a seed, and a roster, may still arrive; an empty roster could be shown, and is a network that nobody sees',
    },
    'endpoints at the broadcast address, and outside of the network': says(
      'an endpoint at 10\\.1\\.2\\.255 of default/web, which no host hands out; an endpoint at 10\\.9\\.9\\.9 of default/web, which no host hands out',
    ),
    'the end of another’s endpoint': { why: 'it is the end of one of its own by that id, of which there is none' },
  }

  it('has nothing to forge that is not another’s', () => {
    assert.ok(theirs() >= 0 && ours() >= 0)
  })

  for (const [what, leaves] of Object.entries(forged)) {
    it(`no effect, nowhere: ${what}`, async () => {
      const owner = mesh.honest[0] as MemoryPeer
      await owner.replica.write(current =>
        current.endpoint(owner.signer.key, 'e1')
          ? []
          : [{ kind: 'endpoint', id: 'e1', network: web, ip: 0x0a010209, mac: '02:02:0a:01:02:09', ...container }],
      )
      await mesh.agree()
      const expected = shown[what]
      assert.ok(expected, 'the table does not say what is shown')
      await withoutEffect(mesh, leaves, [web], expected instanceof RegExp ? expected : 'nothing')
    })
  }
})

const container = { container: '', containerName: '' }

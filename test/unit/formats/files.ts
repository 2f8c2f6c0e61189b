/** What each file beside the journal holds; the golden bytes are of these. KEY in a name is the peer's key, as in docs/reference/wire.md. */
import assert from 'node:assert/strict'
import { readObjects } from '../../../cli/objects-file.ts'
import {
  type Identity,
  type Joining,
  readComingBack,
  readIdentity,
  readJoining,
  writeComingBack,
  writeIdentity,
  writeJoining,
} from '../../../src/agent/identity.ts'
import { unseenText } from '../../../src/agent/unseen-export.ts'
import type { ObjectsJson } from '../../../src/api/types.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { silentLogger } from '../../../src/lib/log.ts'
import { Witness } from '../../../src/replica/witness.ts'
import type { Disk } from '../../../src/store/disk.ts'
import { createMemoryDisk } from '../../../src/store/memory-disk.ts'
import { type Format, format, golden } from './golden.ts'

const [keyA, keyB] = ['aa'.repeat(32), 'bb'.repeat(32)]
const seed = new Uint8Array(32).fill(9)

interface Stored<T> {
  readonly value: T
  write(disk: Disk, value: T): Promise<void>
  read(disk: Disk): Promise<T | undefined>
}

/** What `write` makes of the file `name`, and `read` of that. */
function file<T>(name: string, { value, write, read }: Stored<T>): Format<unknown> {
  return format<T>({
    value,
    async encode(written) {
      const disk = createMemoryDisk()
      await write(disk, written)
      return (await disk.read(name)) ?? assert.fail(`no ${name}`)
    },
    async decode(bytes) {
      const disk = createMemoryDisk()
      await disk.replace(name, bytes)
      return (await read(disk)) ?? assert.fail(`${name} says nothing`)
    },
  })
}

const unexpected = (text: string) => assert.fail(text)

const identity: Stored<Identity> = {
  value: {
    ...{ seed, meshId: 'ab'.repeat(16), nonce: '07'.repeat(16), former: [keyB] },
    introductions: [{ key: keyA, addresses: ['10.0.0.1:7373', '10.0.0.2:7373'] }],
  },
  write: writeIdentity,
  // either of the two is enough; the other one is told of
  read: disk => readIdentity(disk, () => undefined),
}

const joining: Stored<Joining> = {
  value: { seed, token: Buffer.from(golden('envelopes').token ?? '', 'hex').toString(), former: [keyA, keyB] },
  write: writeJoining,
  read: disk => readJoining(disk, unexpected),
}

const comingBack: Stored<Uint8Array> = {
  value: seed,
  write: writeComingBack,
  read: disk => readComingBack(disk, unexpected),
}

/** The highest own counter. */
const note: Stored<number> = {
  value: 70_001,
  async write(disk, counter) {
    const witness = witnessOn(disk)
    witness.note(counter)
    await witness.close()
  },
  // to a journal without a record
  read: disk => witnessOn(disk).check(0),
}

const witnessOn = (disk: Disk) => new Witness({ disk, self: keyA, clock: systemClock, log: silentLogger })

/** One object of each kind, and both forms of what has two. */
const unseen: ObjectsJson = {
  tenants: [{ name: 'blue' }],
  networks: [
    { tenant: 'blue', name: 'web', subnet: '10.1.2.0/24', encap: 'vxlan', type: 'data' },
    {
      ...{ tenant: 'blue', name: 'my_app', subnet: '10.1.3.0/24', encap: 'vlan', type: 'data', pktTag: 112 },
      ...{ gateway: '10.1.3.254', subnet6: 'fd00:6::/64', gateway6: 'fd00:6::fe' },
      docker: { labels: { 'com.docker.compose.network': 'default' }, options: { foo: 'bar' }, internal: true },
    },
  ],
  netprofiles: [{ tenant: 'blue', name: 'gold', bandwidth: '10Mbps', dscp: 3, burst: 2 }],
  policies: [
    { tenant: 'blue', name: 'none' },
    {
      ...{ tenant: 'blue', name: 'web' },
      rules: [
        { id: '5', direction: 'in', priority: 10, fromGroup: 'app', protocol: 'tcp', port: 8888, action: 'allow' },
      ],
    },
  ],
  groups: [
    {
      ...{ tenant: 'blue', name: 'db', network: 'web', pool: '10.1.2.10-10.1.2.20' },
      ...{ policies: ['web'], profile: 'gold' },
    },
  ],
}

/** By the name that docs/reference/wire.md has of the file. */
export const files: Readonly<Record<string, Format<unknown>>> = {
  identity: file('identity', identity),
  'identity.copy': file('identity.copy', identity),
  joining: file('joining', joining),
  'coming-back': file('coming-back', comingBack),
  'unseen-KEY.json': format({
    value: unseen,
    encode: objects => new TextEncoder().encode(unseenText({ objects, before: [], after: [], left: [] })),
    decode: bytes => readObjects('the file', new TextDecoder().decode(bytes)),
  }),
  KEY: file(keyA, note),
}

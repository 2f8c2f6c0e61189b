/** One leaf of each kind, with fixed contents: the golden bytes and the round trips are made of these. */
import type { Leaf } from '../../../src/crdt/leaves.ts'
import type { NetworkSpec } from '../../../src/model/network.ts'
import { checkRule } from '../../../src/model/rule.ts'
import { parseSubnet } from '../../../src/model/subnet.ts'

const keyA = 'aa'.repeat(32)
const keyB = 'bb'.repeat(32)
const hash = 'cd'.repeat(32)
const network = '12'.repeat(32)
const dot = (writer: string, counter: number) => ({ writer, counter })
const signature = new Uint8Array(64).fill(0x51)

export const sampleSpec: NetworkSpec = {
  subnet: parseSubnet('10.1.2.0/24'),
  encap: 'vxlan',
  type: 'data',
  ...{ pktTag: 70_000, gateway: '', subnet6: '', gateway6: '' },
}

export const sampleLeaves: { [K in Leaf['kind']]: Extract<Leaf, { kind: K }> } = {
  mesh: { kind: 'mesh', founder: keyA, nonce: new Uint8Array(16).fill(7), name: 'host1', addresses: ['10.0.0.1:7373'] },
  invitation: { kind: 'invitation', invitation: keyB, expiresMs: 1_764_000_000_000, uses: 1 },
  admission: {
    ...{ kind: 'admission', key: keyB, name: 'host2', addresses: ['10.0.0.2:7373', '[fe80::1]:7373'] },
    ...{ invitation: keyA, proof: signature, known: hash },
  },
  ack: { kind: 'ack', admission: dot(keyA, 3), known: hash },
  settled: { kind: 'settled', admission: dot(keyA, 3), acks: [dot(keyA, 4), dot(keyB, 2)] },
  known: {
    kind: 'known',
    admissions: [{ key: keyB, dot: dot(keyA, 3) }],
    removals: [dot(keyA, 7)],
    ends: [dot(keyA, 12)],
    pending: [keyB],
  },
  removal: { kind: 'removal', targets: [{ key: keyB, heir: keyA, counter: 17 }], assertion: 1, known: hash },
  'removal-ack': { kind: 'removal-ack', removal: dot(keyA, 7), counters: [19], known: hash },
  'removal-end': { kind: 'removal-end', removal: dot(keyA, 7), effective: true, acks: [dot(keyB, 5)], cut: [19] },
  'host-down': { kind: 'host-down', removal: dot(keyA, 7) },
  roster: { kind: 'roster', keys: [keyA, keyB] },
  tenant: { kind: 'tenant', name: 'blue' },
  'tenant-rm': { kind: 'tenant-rm', name: 'blue', seen: [dot(keyA, 9)] },
  network: { kind: 'network', tenant: 'blue', name: 'web', generation: 2, spec: sampleSpec, roster: hash },
  'network-rm': { kind: 'network-rm', id: network, tenant: 'blue', name: 'web', generation: 2, seen: [dot(keyB, 1)] },
  'network-rename': {
    ...{ kind: 'network-rename', id: network, tenant: 'blue', name: 'web', generation: 2 ** 52 + 3, newName: 'my_app' },
  },
  'network-drain': { kind: 'network-drain', id: network, into: '34'.repeat(32) },
  'network-docker': {
    ...{ kind: 'network-docker', network, internal: true },
    ...{ labels: [['com.docker.compose.network', 'default']], options: [['foo', 'bar']] },
  },
  'network-hold': { kind: 'network-hold', network, isHeld: true },
  endpoint: {
    ...{ kind: 'endpoint', id: 'e'.repeat(64), network, ip: 0xc0a80105, mac: '02:02:c0:a8:01:05' },
    ...{ container: 'c'.repeat(64), containerName: 'app-ü', aliases: ['app', 'c'.repeat(12)], group: 'dd'.repeat(32) },
  },
  'endpoint-rm': { kind: 'endpoint-rm', id: 'e'.repeat(64), network },
  vtep: { kind: 'vtep', network, address: '10.0.0.1', vni: 0x800001 },
  peer: {
    ...{ kind: 'peer', name: 'host1', addresses: ['10.0.0.1:7373'], vtepAddress: '10.0.0.1', mtu: 1500 },
    machine: 'ee'.repeat(16),
  },
  block: {
    ...{ kind: 'block', network, index: 31, removal: 0 },
    transfers: [
      { epoch: 1, from: keyA, to: keyB, counter: 8, carved: [], signature },
      { epoch: 2, from: keyB, to: keyA, counter: 9, carved: [0x0a010203], signature },
    ],
  },
  address: {
    ...{ kind: 'address', network, ip: 0x0a010203, removal: 0 },
    transfers: [{ epoch: 1, from: keyA, to: keyB, counter: 8, signature }],
  },
  reservation: { kind: 'reservation', network, ip: 0x0a010203, isKept: true },
  free: { kind: 'free', network, log2: -1 },
  checkpoint: { kind: 'checkpoint', first: 7, last: 17, bitmap: new Uint8Array([0b1010_0001, 0b101]), signature },
  group: { kind: 'group', tenant: 'blue', name: 'db', network, pool: '10.1.2.10-10.1.2.20', generation: 1 },
  'group-rm': { kind: 'group-rm', id: hash, tenant: 'blue', name: 'db', generation: 1, seen: [dot(keyA, 5)] },
  'group-edit': {
    kind: 'group-edit',
    group: hash,
    profile: 'gold',
    labels: [['a', 'b']],
    seen: [dot(keyA, 6)],
    covers: [dot(keyA, 6)],
  },
  'group-policy': { kind: 'group-policy', group: hash, policy: 'web' },
  'group-policy-rm': { kind: 'group-policy-rm', group: hash, policy: 'web', seen: [dot(keyB, 7)] },
  policy: { kind: 'policy', tenant: 'blue', name: 'web', dropped: [dot(keyA, 8)] },
  'policy-rm': { kind: 'policy-rm', tenant: 'blue', name: 'web', seen: [dot(keyA, 9)], rules: [dot(keyB, 3)] },
  rule: {
    ...{ kind: 'rule', tenant: 'blue', policy: 'web', id: '5', removals: [dot(keyB, 4)] },
    value: {
      ...{ direction: 'in', priority: 10, fromGroup: 'app', toGroup: '', fromNetwork: '', toNetwork: '' },
      ...{ fromIp: '10.1.2.0/24', toIp: '', protocol: 'tcp', port: 8888, action: 'allow' },
    },
  },
  'rule-rm': { kind: 'rule-rm', tenant: 'blue', policy: 'web', id: '5', value: hash, seen: [dot(keyA, 10)] },
  netprofile: {
    ...{ kind: 'netprofile', tenant: 'blue', name: 'gold', bandwidth: '10Mbps', dscp: null, burst: 0 },
    ...{ seen: [dot(keyA, 11)], covers: [dot(keyA, 11), dot(keyB, 2)] },
  },
  'netprofile-rm': {
    kind: 'netprofile-rm',
    tenant: 'blue',
    name: 'gold',
    seen: [dot(keyA, 12)],
    covers: [dot(keyA, 12)],
  },
  global: {
    ...{ kind: 'global', fabricMode: null, vlans: '100-200', vxlans: null, fwdMode: null, arpMode: null },
    ...{ privateSubnet: null, seen: [dot(keyB, 13)], covers: [dot(keyB, 13)] },
  },
}

/** The act of a network with IPv4 and IPv6, both with a gateway. */
export const dualStackAct = {
  ...sampleLeaves.network,
  spec: { ...sampleSpec, gateway: '10.1.2.254', subnet6: 'fd00:6::/64', gateway6: 'fd00:6::fe' },
}

/** Of the same form as ever: the texts of its addresses are what tells the family. */
export const ruleOfIpv6 = checkRule({
  action: 'deny',
  protocol: 'icmp',
  fromIp: 'fd00:6::5-fd00:6::9',
  toIp: 'fd00:6::/64',
})

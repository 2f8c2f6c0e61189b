/** How the records of `object-leaves.ts` are written and read. */
import type { Plain } from '../lib/cbor.ts'
import { ruleFromPlain, ruleToPlain } from '../model/rule.ts'
import type { Codecs } from './codec.ts'
import type { ObjectLeaf } from './object-leaves.ts'
import { bytesOf, dots, hex, integer, name, optionalHash, pairs, text, whole } from './plain.ts'
import { dotToPlain } from './vector.ts'

/** A field that the write leaves as it is, or what `read` gives. */
const orNull = <T>(value: Plain | undefined, read: (value: Plain) => T | undefined): T | null | undefined =>
  value === null ? null : value === undefined ? undefined : read(value)
const optionalName = (value: Plain | undefined) => (value === '' ? '' : name(value))
const setting = (value: Plain | undefined) => orNull(value, item => text(item, 64))
/** Records of earlier versions end before it. */
const covers = (value: Plain | undefined) => (value === undefined ? [] : dots(value))
const generation = (value: Plain | undefined) => integer(value, 0, Number.MAX_SAFE_INTEGER)

export const objectCodecs: Codecs<ObjectLeaf['kind']> = {
  group: {
    write: l => [l.tenant, l.name, bytesOf(l.network), l.pool, l.generation],
    read: f =>
      whole({
        tenant: name(f[0]),
        name: name(f[1]),
        network: hex(f[2], 32),
        pool: text(f[3], 64),
        generation: generation(f[4]),
      }),
  },
  'group-rm': {
    write: l => [bytesOf(l.id), l.tenant, l.name, l.generation, l.seen.map(dotToPlain)],
    read: f =>
      whole({
        id: hex(f[0], 32),
        tenant: name(f[1]),
        name: name(f[2]),
        generation: generation(f[3]),
        seen: dots(f[4]),
      }),
  },
  'group-edit': {
    write: l => [
      bytesOf(l.group),
      l.profile,
      l.labels === null ? null : l.labels.map(pair => [...pair]),
      l.seen.map(dotToPlain),
      l.covers.map(dotToPlain),
    ],
    read: f =>
      whole({
        group: hex(f[0], 32),
        profile: orNull(f[1], optionalName),
        labels: orNull(f[2], pairs),
        seen: dots(f[3]),
        covers: covers(f[4]),
      }),
  },
  'group-policy': {
    write: l => [bytesOf(l.group), l.policy],
    read: f => whole({ group: hex(f[0], 32), policy: name(f[1]) }),
  },
  'group-policy-rm': {
    write: l => [bytesOf(l.group), l.policy, l.seen.map(dotToPlain)],
    read: f => whole({ group: hex(f[0], 32), policy: name(f[1]), seen: dots(f[2]) }),
  },
  policy: {
    write: l => [l.tenant, l.name, l.dropped.map(dotToPlain)],
    read: f => whole({ tenant: name(f[0]), name: name(f[1]), dropped: dots(f[2]) }),
  },
  'policy-rm': {
    write: l => [l.tenant, l.name, l.seen.map(dotToPlain), l.rules.map(dotToPlain)],
    read: f => whole({ tenant: name(f[0]), name: name(f[1]), seen: dots(f[2]), rules: dots(f[3]) }),
  },
  rule: {
    write: l => [l.tenant, l.policy, l.id, ruleToPlain(l.value), l.removals.map(dotToPlain)],
    read: f =>
      whole({
        tenant: name(f[0]),
        policy: name(f[1]),
        id: name(f[2]),
        value: ruleFromPlain(f[3]),
        removals: dots(f[4]),
      }),
  },
  'rule-rm': {
    write: l => [l.tenant, l.policy, l.id, bytesOf(l.value), l.seen.map(dotToPlain)],
    read: f =>
      whole({
        tenant: name(f[0]),
        policy: name(f[1]),
        id: name(f[2]),
        value: optionalHash(f[3]),
        seen: dots(f[4]),
      }),
  },
  netprofile: {
    write: l => [...[l.tenant, l.name, l.bandwidth, l.dscp, l.burst], l.seen.map(dotToPlain), l.covers.map(dotToPlain)],
    read: f =>
      whole({
        tenant: name(f[0]),
        name: name(f[1]),
        bandwidth: orNull(f[2], item => text(item, 32)),
        dscp: orNull(f[3], item => integer(item, 0, 63)),
        burst: orNull(f[4], item => integer(item, 0, 10_486)),
        seen: dots(f[5]),
        covers: covers(f[6]),
      }),
  },
  'netprofile-rm': {
    write: l => [l.tenant, l.name, l.seen.map(dotToPlain), l.covers.map(dotToPlain)],
    read: f => whole({ tenant: name(f[0]), name: name(f[1]), seen: dots(f[2]), covers: covers(f[3]) }),
  },
  global: {
    write: l => [
      ...[l.fabricMode, l.vlans, l.vxlans, l.fwdMode, l.arpMode, l.privateSubnet],
      l.seen.map(dotToPlain),
      l.covers.map(dotToPlain),
    ],
    read: f =>
      whole({
        fabricMode: setting(f[0]),
        vlans: setting(f[1]),
        vxlans: setting(f[2]),
        fwdMode: setting(f[3]),
        arpMode: setting(f[4]),
        privateSubnet: setting(f[5]),
        seen: dots(f[6]),
        covers: covers(f[7]),
      }),
  },
}

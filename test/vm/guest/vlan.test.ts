import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'mocha'
import { downLab, lastLines } from '../../../lab/index.ts'
import { netctl } from '../../lab/acceptance/cli.ts'
import { assertReaches, type Container, eventually, meshNetworks, runContainer } from '../../lab/support/index.ts'
import { captured, upWire, type Wire } from './wire.ts'

/** Everything takes ten times as long in here. */
const patience = { timeoutMs: 60_000, intervalMs: 500 }

describe('VLAN networks, on the kernel of Debian', () => {
  let wire: Wire
  let near: Container
  let far: Container
  const start = performance.now()
  const say = (line: string) => console.log(`    ${((performance.now() - start) / 1000).toFixed(0)} s: ${line}`)

  before(async function () {
    this.timeout(300_000)
    wire = await upWire(say)
  })
  afterEach(function () {
    if (this.currentTest?.state !== 'failed' || !wire) return
    for (const host of [wire.one, wire.two]) console.log(host.name, lastLines(host.peerLog, 10))
  })
  after(async function () {
    this.timeout(60_000)
    await downLab()
  })

  const shown = (network: string) =>
    eventually(async () => {
      for (const host of [wire.one, wire.two]) assert.ok((await meshNetworks(host)).includes(network), host.name)
    }, patience)
  const pings = (from: Container, target: string) =>
    eventually(() => assertReaches(from, target, { count: 1, waitSeconds: 3 }), patience)

  it('net create -p 112 -e vlan: containers of two hosts reach each other', async () => {
    const { one, two } = wire
    await netctl(one, 'net', 'create', '-p', '112', '-e', 'vlan', '-s', '10.1.3.0/24', 'contiv-vlan')
    assert.match(await netctl(one, 'net', 'ls'), /^default +contiv-vlan +data +vlan +112 +10\.1\.3\.0\/24/m)
    await shown('contiv-vlan')
    ;[near, far] = await Promise.all([
      runContainer(one, 'contiv-vlan', 'contiv-vlan-c1'),
      runContainer(two, 'contiv-vlan', 'contiv-vlan-c2'),
    ])
    await pings(far, near.ip)
    await pings(near, far.ip)
  })

  it('its frames are on the uplink with the tag, and nowhere else', async () => {
    const lines = await captured(wire.wire, 'br0', `vlan 112 and icmp and host ${near.ip}`, () => pings(far, near.ip))
    const both = `(${far.mac} > ${near.mac}|${near.mac} > ${far.mac})`
    for (const line of lines) assert.match(line, new RegExp(`${both}, ethertype 802\\.1Q .*vlan 112, `))
  })
})

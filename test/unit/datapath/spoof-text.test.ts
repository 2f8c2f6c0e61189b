import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { elementsOf, gatewayElement, linkLocal, noSurroundings, portsOf } from '../../../src/datapath/spoof-elements.ts'
import { portsLine, spoofText } from '../../../src/datapath/spoof-text.ts'

const c1 = { mac: '02:02:0a:01:01:0b', ip: '10.1.1.11', ip6: '' }
const c2 = { ...c1, ip6: 'fd00:6::b' }

describe('datapath: text against spoofing', () => {
  it('knows each port with its MAC and address, and what it may say in ARP', () => {
    const text = spoofText(new Map([['skv1', c1]]))
    assert.equal(
      text.slice(text.indexOf('add element')),
      `add element bridge skein ports { "skv1" }
add element bridge skein own4 { "skv1" . 02:02:0a:01:01:0b . 10.1.1.11 }
add element bridge skein ownarp { "skv1" . 02:02:0a:01:01:0b . 02:02:0a:01:01:0b . 10.1.1.11, "skv1" . 02:02:0a:01:01:0b . 02:02:0a:01:01:0b . 0.0.0.0 }
`,
    )
    assert.ok(text.startsWith('table bridge skein\ndelete table bridge skein\ntable bridge skein {\n'))
  })

  it('has the rest in one chain, IPv4 first: what is not accepted is dropped', () => {
    const text = spoofText(new Map())
    const chain = text.slice(text.indexOf('  chain entering {'))
    assert.equal(
      chain,
      `  chain entering {
    type filter hook prerouting priority -300; policy accept;
    ether type { 8021q, 8021ad } counter drop
    iifname "skx*" ether type arp iifname . arp saddr ip @gateways counter drop
    iifname "skx*" ether type arp arp operation reply accept
    iifname "skx*" ether type ip6 goto tunnel6
    iifname "skx*" ether type != ip counter drop
    iifname "skl*" ether type ip6 goto wire6
    iifname != @ports accept
    iifname . ether saddr . ip saddr @own4 accept
    iifname . ether saddr . arp saddr ether . arp saddr ip @ownarp accept
    ether type ip6 goto speaking6
    counter drop
  }
}
`,
    )
    for (const name of ['asking', 'answering', 'speaking6']) {
      const lines = text.slice(text.indexOf(`  chain ${name} {`)).split('\n  }\n')[0] ?? ''
      assert.match(lines, /\n {4}counter drop$/, name)
    }
  })

  it('knows a port with IPv6 by its address and the link-local one of its MAC, and one without by none', () => {
    assert.equal(linkLocal('02:02:0a:01:01:0b'), 'fe80::2:aff:fe01:10b')
    const { own6, ownmac, speakers6 } = elementsOf(new Map([['skv1', c2]]))
    assert.deepEqual(own6, [
      '"skv1" . 02:02:0a:01:01:0b . fd00:6::b',
      '"skv1" . 02:02:0a:01:01:0b . fe80::2:aff:fe01:10b',
    ])
    assert.deepEqual([ownmac, speakers6], [['"skv1" . 0x2020a01010b'], ['"skv1" . 02:02:0a:01:01:0b']])
    const without = elementsOf(new Map([['skv1', c1]]))
    assert.deepEqual([without.own6, without.ownmac, without.speakers6], [[], [], []])
  })

  it('lets nobody speak for the gateway out of the tunnel', () => {
    const text = spoofText(new Map(), {
      gateways: new Set([gatewayElement('skx1', '10.1.1.1/24')]),
      gateways6: new Set([gatewayElement('skx1', 'fd00:6::1')]),
      carriers6: new Set(['"skx1"']),
    })
    assert.match(text, /^add element bridge skein gateways \{ "skx1" \. 10\.1\.1\.1 \}$/m)
    assert.match(text, /^add element bridge skein gateways6 \{ "skx1" \. fd00:6::1 \}$/m)
    assert.match(text, /^add element bridge skein carriers6 \{ "skx1" \}$/m)
    assert.equal(spoofText(new Map(), noSurroundings).includes('add element'), false)
  })

  it('puts another identity in the place of the known one in one line, and takes out what is gone', () => {
    const known = new Map([
      ['skv1', c1],
      ['skv2', c1],
    ])
    const line = portsLine(known, new Map([['skv1', { ...c1, ip: '10.1.1.12' }]]), ['skv2'])
    assert.ok(!line.includes('\n'))
    assert.match(line, /^delete element bridge skein ports \{ "skv1", "skv2" \}; /)
    assert.match(line, /; add element bridge skein own4 \{ "skv1" \. 02:02:0a:01:01:0b \. 10\.1\.1\.12 \}; /)
    assert.ok(!line.includes('add element bridge skein own4 { "skv2"'))
  })

  it('lets nothing of a malformed record into the text', () => {
    const text = spoofText(new Map([['skv1', { ...c2, mac: '"; flush ruleset; #' }]]))
    assert.ok(!text.includes('flush ruleset'))
    const other = spoofText(new Map([['skv1', { ...c1, ip6: '::1 }; flush ruleset; #' }]]))
    assert.ok(!other.includes('flush ruleset'))
  })

  it('is read back from what the kernel lists', () => {
    assert.deepEqual(portsOf(['"skv1" . 02:02:0a:01:01:0b . 10.1.1.11'], []), new Map([['skv1', c1]]))
    const both = new Map([['skv1', c2]])
    const { own4, own6 } = elementsOf(both)
    assert.deepEqual(portsOf(own4, [...own6].reverse()), both)
  })
})

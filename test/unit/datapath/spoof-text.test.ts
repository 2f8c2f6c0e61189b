import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { gatewayElement, portsLine, portsOf, spoofText } from '../../../src/datapath/spoof-text.ts'

const c1 = { mac: '02:02:0a:01:01:0b', ip: '10.1.1.11' }

describe('datapath: text against spoofing', () => {
  it('knows each port with its MAC and address, and what it may say in ARP', () => {
    assert.equal(
      spoofText(new Map([['skv1', c1]])),
      `table bridge skein
delete table bridge skein
table bridge skein {
  set ports { type ifname; }
  set own4 { typeof iifname . ether saddr . ip saddr; }
  set ownarp { typeof iifname . ether saddr . arp saddr ether . arp saddr ip; }
  set gateways { typeof iifname . arp saddr ip; }
  chain entering {
    type filter hook prerouting priority -300; policy accept;
    ether type { 8021q, 8021ad } counter drop
    iifname "skx*" ether type arp iifname . arp saddr ip @gateways counter drop
    iifname "skx*" ether type arp arp operation reply accept
    iifname "skx*" ether type != ip counter drop
    iifname != @ports accept
    iifname . ether saddr . ip saddr @own4 accept
    iifname . ether saddr . arp saddr ether . arp saddr ip @ownarp accept
    counter drop
  }
}
add element bridge skein ports { "skv1" }
add element bridge skein own4 { "skv1" . 02:02:0a:01:01:0b . 10.1.1.11 }
add element bridge skein ownarp { "skv1" . 02:02:0a:01:01:0b . 02:02:0a:01:01:0b . 10.1.1.11, "skv1" . 02:02:0a:01:01:0b . 02:02:0a:01:01:0b . 0.0.0.0 }
`,
    )
  })

  it('lets nobody speak for the gateway out of the tunnel', () => {
    const text = spoofText(new Map(), new Set([gatewayElement('skx1', '10.1.1.1/24')]))
    assert.match(text, /^add element bridge skein gateways \{ "skx1" \. 10\.1\.1\.1 \}$/m)
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
    const text = spoofText(new Map([['skv1', { mac: '"; flush ruleset; #', ip: '10.1.1.11' }]]))
    assert.ok(!text.includes('flush ruleset'))
  })

  it('is read back from what the kernel lists', () => {
    assert.deepEqual(portsOf(['"skv1" . 02:02:0a:01:01:0b . 10.1.1.11']), new Map([['skv1', c1]]))
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'mocha'
import { flawOf, kindOf, type Refusal, shorten, summaryOf } from '../../soak/refusals.ts'
import { Troubles } from '../../soak/troubles.ts'

const full =
  'docker: Error response from daemon: IpamDriver.RequestAddress: no free address for default/small on host2: '
const refusal: Refusal = {
  host: 'host2',
  deed: 'run',
  text: `${full}every address is in use`,
  ms: 900,
  inTrouble: false,
}
const noEngine = 'Cannot connect to the Docker daemon at unix:///run/docker.sock. Is the docker daemon running?'

describe('soak: refusals', () => {
  it('are as they may be when they name a cause, and what is broken only where it is', () => {
    assert.equal(flawOf(refusal), undefined)
    assert.equal(flawOf({ ...refusal, text: `${full}host1 holds 2 (out of reach); wait` }), undefined)
    assert.equal(flawOf({ ...refusal, text: noEngine, inTrouble: true }), undefined)
    assert.match(flawOf({ ...refusal, text: noEngine }) ?? '', /^names what was not broken: docker run on host2/)
    assert.match(flawOf({ ...refusal, text: '', inTrouble: true }) ?? '', /^names no cause that is known: .*no text/)
    assert.match(flawOf({ ...refusal, text: 'context deadline exceeded' }) ?? '', /^names no cause/)
  })

  it('may take long only where something was broken, and never a minute', () => {
    assert.match(
      flawOf({ ...refusal, ms: 12_000 }) ?? '',
      /^slow, and nothing of that host was broken: .* after 12.0 s/,
    )
    assert.equal(flawOf({ ...refusal, ms: 12_000, inTrouble: true }), undefined)
    assert.match(flawOf({ ...refusal, ms: 60_001, inTrouble: true }) ?? '', /^hung/)
  })

  it('are counted by text, whatever containers and addresses they name', () => {
    assert.equal(kindOf('soak-host1-abc-12 has 10.1.0.7 on host1'), kindOf('soak-host3-x9-3 has 10.1.0.22 on host3'))
    const lines = summaryOf([refusal, { ...refusal, text: refusal.text.replace('host2', 'host1'), ms: 1500 }])
    assert.equal(lines.length, 1)
    assert.match(
      lines[0] ?? '',
      /^2, with nothing broken 2 \(slowest 1\.5 s\), in trouble 0: docker run: .*no free address/,
    )
    assert.equal(shorten("docker: no.\nSee 'docker run --help'.\n"), 'docker: no.')
  })

  it('of a host that is in trouble: from before the fault is made until a while after it is mended', () => {
    const troubles = new Troubles()
    const nothing = () => Promise.resolve()
    const fault = { text: '', hosts: ['host1'], endsCommands: true, make: nothing, mend: nothing } as const
    const before = performance.now()
    const trouble = troubles.begin(fault)
    const at = performance.now()
    assert.equal(troubles.touch('host1', before - 10, before - 5), false)
    assert.equal(troubles.touch('host1', before - 10, at), true)
    assert.equal(troubles.touch('host2', before - 10, at), false)
    trouble.made()
    trouble.mended()
    const after = performance.now()
    assert.equal(troubles.endedCommands('host1', at, after), true)
    assert.equal(troubles.endedCommands('host1', after + 1, after + 2), false)
    assert.equal(troubles.touch('host1', after + 14_000, after + 14_001), true)
    assert.equal(troubles.touch('host1', after + 15_001, after + 15_002), false)
  })
})

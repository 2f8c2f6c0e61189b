import assert from 'node:assert/strict'
import { outcomeOf, report } from '../../support/outcome.ts'

const well = '\n  links\n    ✔ goes on (20ms)\n\n\n  1 passing (1s)\n\n1 passed, 0 failed\n'
const badly = `
  links
    1) ends

  2 passing (1s)
  1 failing

  1) links
       ends:

      AssertionError [ERR_ASSERTION]: lost of 3

2 passed, 1 failed, 4 skipped
`
const ended = { code: 0, signal: null }

describe('lab: what became of the lanes', () => {
  it('is read from the sum of each job', () => {
    assert.deepEqual(outcomeOf('links', 7, well, ended), {
      name: 'links',
      seconds: 7,
      passed: 1,
      failed: 0,
      skipped: 0,
      failures: '',
    })
  })

  it('keeps what mocha says of a failure, in colours or not', () => {
    const plain = '  1) links\n       ends:\n\n      AssertionError [ERR_ASSERTION]: lost of 3\n'
    for (const text of [badly, badly.replace('  1 failing', '\x1b[31m  1 failing\x1b[0m')]) {
      const { passed, failed, skipped, failures } = outcomeOf('links', 7, text, { code: 1, signal: null })
      assert.deepEqual({ passed, failed, skipped, failures }, { passed: 2, failed: 1, skipped: 4, failures: plain })
    }
  })

  it('is a failure where a job ended without its sum, ran nothing, or failed beside its tests', () => {
    const cases = [
      ['  links\n    ✔ goes on\n', { code: null, signal: 'SIGKILL' }, 'ended with SIGKILL before its tests did'],
      ['', { code: 7, signal: null }, 'ended with code 7 before its tests did'],
      ['  0 passing (1ms)\n\n0 passed, 0 failed\n', ended, 'ran no test'],
      [well, { code: 1, signal: null }, 'ended with code 1 though no test failed'],
    ] as const
    for (const [text, ending, says] of cases) {
      const { failed, failures } = outcomeOf('links', 1, text, ending)
      assert.deepEqual([failed, failures], [1, `  links ${says}\n`])
    }
  })

  it('ends with all failures together, and with one sum in the last line', () => {
    const bad = outcomeOf('bad', 7, badly, { code: 1, signal: null })
    const dead = outcomeOf('dead', 2, '', { code: null, signal: 'SIGABRT' })
    const text = report([outcomeOf('good', 11.4, well, ended), bad, dead])
    assert.match(text, /^\nbad:\n\n {2}1\) links\n[\s\S]*lost of 3\n\ndead:\n\n {2}dead ended with SIGABRT/)
    assert.ok(text.endsWith('\n\ngood 11 s, bad 7 s, dead 2 s\n3 passed, 2 failed, 4 skipped\n'), text)
    assert.equal(report([outcomeOf('good', 1, well, ended)]), '\ngood 1 s\n1 passed, 0 failed\n')
  })
})

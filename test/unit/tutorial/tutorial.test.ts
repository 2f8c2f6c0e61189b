/** Our edition beside the tutorial of 2016: the same chapters, every command that is still one, and nothing that nobody carries out. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { otherBlocks, parseDocument } from '../../support/tutorial/document.ts'
import { seed } from './seed.ts'

const text = readFileSync(new URL('../../../docs/tutorial.md', import.meta.url), 'utf8')
const steps = parseDocument(text)

/** Blocks that no test types into a terminal, and why. A new one is made a `console` block, or gets its reason here. */
const notCarriedOut: [block: string, why: string][] = [
  ['npm ci && npm run build', 'what the tests run on: .ci/run begins with it'],
  [
    'bin/skein lab shell host1\nbin/skein lab shell host2',
    "how the test opens its terminals (stage.ts), one for each host's prompt",
  ],
  [
    'vagrant up\nvagrant ssh tutorial-node1     # in one window, then: sudo -i\nvagrant ssh tutorial-node2     # in the other, then: sudo -i',
    'no box can be started where the tests run',
  ],
  ['vagrant destroy -f', 'no box can be started where the tests run'],
]

/** Who carries out the blocks of a place. */
const carriedOutBy = {
  '': 'test/lab/tutorial/01-tutorial.test.ts',
  apart: 'test/lab/tutorial/02-apart.test.ts',
  vm: 'test/vm/guest/tutorial.ts',
}

describe('tutorial: our edition', () => {
  it('has the chapters 0 to 6', () => {
    const chapters = new Set(steps.map(({ chapter }) => /^Chapter (\d):/.exec(chapter)?.[1]))
    assert.deepEqual([...chapters].filter(Boolean), ['0', '1', '2', '3', '4', '5', '6'])
  })

  it("types the tutorial's commands, in its order, and says of each that it types otherwise what has changed", () => {
    const prose = text.replaceAll(/\s+/g, ' ')
    let at = 0
    for (const command of seed) {
      const { theirs, ours, said } =
        typeof command === 'string' ? { theirs: command, ours: command, said: '' } : command
      assert.ok(prose.includes(said), `${theirs}: the document does not say: ${said}`)
      if (ours === '') continue
      const found = steps.findIndex((step, index) => index >= at && step.command === ours)
      assert.notEqual(found, -1, `${ours}, after line ${steps[at - 1]?.line ?? 1}`)
      at = found + 1
    }
  })

  it('has no block that is not carried out, but for these', () => {
    assert.deepEqual(
      otherBlocks(text),
      notCarriedOut.map(([block]) => block),
    )
    assert.deepEqual([...new Set(steps.map(({ place }) => place))].sort(), Object.keys(carriedOutBy).sort())
    for (const [place, file] of Object.entries(carriedOutBy)) {
      const test = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
      assert.ok(test.includes(`'${place}'`), `${file} carries out the blocks of '${place}'`)
    }
  })
})

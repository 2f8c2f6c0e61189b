import assert from 'node:assert/strict'
import { otherBlocks, parseDocument } from '../../support/tutorial/document.ts'

/** A document of these lines. */
const text = (...lines: string[]) => lines.join('\n')

describe('tutorial: the commands of a document', () => {
  it('finds each command with its chapter, line, prompt and output', () => {
    const document = text(
      '# Title',
      '## Chapter 1: One',
      '```console',
      '$ bin/skein lab up',
      'up',
      '',
      'root@host1:~# docker exec -it c1 /bin/sh',
      '/ # ping c2',
      '^C',
      '```',
    )
    const common = { chapter: 'Chapter 1: One', place: '', input: [] }
    assert.deepEqual(parseDocument(document), [
      { ...common, line: 4, host: '', prompt: '$', command: 'bin/skein lab up', output: ['up'] },
      { ...common, line: 7, host: 'host1', prompt: 'root@host1:~#', command: 'docker exec -it c1 /bin/sh', output: [] },
      { ...common, line: 8, host: 'host1', prompt: '/ #', command: 'ping c2', output: ['^C'] },
    ])
  })

  it('takes what is typed at the prompt > for input, and a > further down for output', () => {
    const [step] = parseDocument(text('```console', "root@host1:~# cat <<'END'", '> a', '> END', 'a', '> b', '```'))
    assert.deepEqual(
      [step?.input, step?.output],
      [
        ['a', 'END'],
        ['a', '> b'],
      ],
    )
  })

  it('leaves out other blocks, and tells where a block is carried out', () => {
    const document = text('```sh', 'vagrant up', '```', '```', '$ x', '```', '```console vm', 'root@a-1:~# y', '```')
    assert.deepEqual(
      parseDocument(document).map(({ place, host, command }) => [place, host, command]),
      [['vm', 'a-1', 'y']],
    )
    assert.deepEqual(otherBlocks(document), ['vagrant up', '$ x'])
  })

  it('refuses a block that nobody can carry out', () => {
    assert.throws(
      () => parseDocument(text('```console', 'output', '```')),
      /line 2: a console block begins with a prompt/,
    )
    assert.throws(() => parseDocument(text('```console', '/ # ls', '```')), /line 2: a block begins with .* a host/)
    assert.throws(() => parseDocument(text('a', '```console', '$ ls')), /line 2: the block is not closed/)
  })
})

/** On a real terminal, with a plain shell in place of the lab's hosts. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseDocument } from '../../support/tutorial/document.ts'
import { createPlayer, type Player } from '../../support/tutorial/play.ts'

describe('tutorial: a document, carried out', function () {
  this.timeout(20_000)
  let player: Player
  beforeEach(() => {
    player = createPlayer('doc.md', {
      shellOf: () => ['bash', '--norc'],
      settle: async () => {},
      mayComeLater: step => step.command.startsWith('rm '),
    })
  })
  afterEach(() => player.close())

  /** Plays the lines as one block of a chapter. */
  async function play(...lines: string[]): Promise<void> {
    const document = ['## Chapter 1: One', '```console', ...lines, '```'].join('\n')
    for (const step of parseDocument(document)) await player.play(step)
  }

  it('types commands one after the other into one shell', async () => {
    await play('$ export WORD=hello', '$ echo $WORD', 'hello', '', '$ tty | cut -c-5', '/dev/')
  })

  it('types what follows at the prompt >', async () => {
    await play("$ cat <<'END'", '> a $b', '>   c', '> END', 'a $b', '  c')
  })

  it('types the values of the run where the document has its own', async () => {
    await play(
      '$ echo 10.1.2.65 | tee /dev/stderr',
      '10.1.2.3',
      '10.1.2.3',
      '$ test 10.1.2.3 = 10.1.2.6"5" && echo yes',
      'yes',
    )
  })

  it('interrupts once it has seen what stands before ^C', async () => {
    await play('$ seq 2; sleep 100', '1', '2', '^C', '$ echo on', 'on')
  })

  it('lets a command go on, and waits for its end before the next', async () => {
    await play('$ sleep 1; echo slept', '<waiting>', '$ echo on', 'on')
  })

  it('compares what a command prints before it goes on', async () => {
    await play('$ echo a; sleep 1; echo b', 'a', '<going on>', '$ echo on', 'on')
    await assert.rejects(play('$ echo a; sleep 1; echo b', 'x', '<going on>'), /expected {2}x\nactual {4}a/)
  })

  it('does not wait for output that cannot come', async () => {
    await assert.rejects(play('$ seq 2', '1', '2', '3', '^C'), /expected {2}3\nactual {4}\(end of output\)/)
  })

  it('types again what may come later', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'skein-play-')), 'late')
    await play(`$ (sleep 0.5 && touch ${file} &)`, `$ rm ${file} && rm -r ${dirname(file)} && echo gone`, 'gone')
  })

  it('names chapter, line, command, what was expected and what came', async () => {
    await assert.rejects(play('$ printf "a\\nc\\n"', 'a', 'b'), {
      message: 'Chapter 1: One, doc.md:3: $ printf "a\\nc\\n"\nexpected  b\nactual    c\nall of it:\na\nc',
    })
  })

  it('fails for output that the document does not show, be it an error', async () => {
    await assert.rejects(
      play('$ true', '$ echo no >&2'),
      /doc.md:4: \$ echo no >&2\nexpected {2}\(end of output\)\nactual {4}no/,
    )
  })

  it('fails at another prompt than the document shows', async () => {
    await assert.rejects(play('$ true', '/ # true'), /doc.md:4: .*\nthe shell stands at \$, not at \/ #/)
  })

  it('fails when the shell has gone', async () => {
    await assert.rejects(play('$ exit 3'), /doc.md:3: .*\nthe shell has ended/)
  })
})

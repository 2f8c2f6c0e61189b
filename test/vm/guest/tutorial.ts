/** The blocks of docs/tutorial.md that need VLANs (`console vm`), carried out as its test does with the others. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { homeOnHost, shellOnHost } from '../../../lab/host-files.ts'
import { enterArguments } from '../../../lab/node.ts'
import { packageRoot } from '../../../lab/plan.ts'
import { parseDocument } from '../../support/tutorial/document.ts'
import { createPlayer, type Stage } from '../../support/tutorial/play.ts'

const file = 'docs/tutorial.md'

export async function playTutorial({ settle }: Pick<Stage, 'settle'>): Promise<void> {
  const steps = parseDocument(readFileSync(`${packageRoot()}/${file}`, 'utf8')).filter(step => step.place === 'vm')
  assert.ok(steps.length > 0, `${file} has blocks 'console vm'`)
  const player = createPlayer(file, {
    // what `skein lab shell` starts, without that: a Node for each shell takes an emulated machine seconds
    shellOf: host => ['nsenter', ...enterArguments(host, shellOnHost, homeOnHost)],
    settle,
    mayComeLater: () => false,
  })
  try {
    for (const step of steps) await player.play(step)
  } finally {
    await player.close()
  }
}

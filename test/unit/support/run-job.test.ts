import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { packageRoot } from '../../../lab/plan.ts'
import { recordOf } from '../../../lab/processes.ts'
import { eventually } from '../../support/eventually.ts'
import { runJob } from '../../support/run-job.ts'

describe('a job of tests', function () {
  this.timeout(30_000)
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skein-job-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function start(body: string) {
    const file = join(folder, 'one.test.mjs')
    await writeFile(file, `import { spawn } from 'node:child_process'\nit('is there', function () { ${body} })\n`)
    return runJob({ name: 'one', files: [relative(packageRoot(), file)] })
  }
  const pidIn = (output: string) => Number(/^left (\d+)$/m.exec(output)?.[1])

  it('has a lab of its own, named after its own process, and counts', async () => {
    const job = await start('console.log(process.env.SKEIN_LAB_NAME, "test" + process.pid.toString(36))')
    assert.deepEqual(await job.ended.then(({ passed, failed }) => [passed, failed]), [1, 0])
    const [, name, ownName] = /^(test\w+) (test\w+)$/m.exec(job.output()) ?? []
    assert.equal(name, ownName)
    assert.notEqual(name, process.env.SKEIN_LAB_NAME)
  })

  it('leaves no process behind, and is a failure when it ends before its tests', async () => {
    const job = await start(
      'const { pid } = spawn("sleep", ["1000"], { stdio: "inherit" }); console.log("left " + pid); process.exit()',
    )
    const { failed, failures } = await job.ended
    assert.deepEqual([failed, failures], [1, '  one ended with code 0 before its tests did\n'])
    await eventually(() => assert.equal(recordOf(pidIn(job.output())), undefined))
  })

  it('is asked to end by SIGTERM', async () => {
    const job = await start(
      'process.on("SIGTERM", () => { console.log("asked"); process.exit(3) }); console.log("left " + process.pid); return new Promise(() => {})',
    )
    await eventually(() => assert.ok(pidIn(job.output()) > 0), 20_000)
    job.interrupt()
    assert.match((await job.ended).failures, /ended with code 3/)
    assert.match(job.output(), /^asked$/m)
  })
})

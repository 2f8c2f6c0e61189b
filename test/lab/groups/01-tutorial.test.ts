import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl, three } from '../acceptance/cli.ts'
import { type Container, eventually, inspect, networksAppear, runContainer, useLab } from '../support/index.ts'
import { assertPorts, listen } from './ports.ts'

describe('groups: chapter 5 of the tutorial, on two hosts', function () {
  this.timeout(60_000)
  const lab = useLab()
  const hosts = () => three(lab().hosts())

  /** The chapter up to its containers. */
  async function chapter(): Promise<{ one: LabHost; two: LabHost; db: Container; web: Container }> {
    const [one, two] = hosts()
    await netctl(one, 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
    await netctl(one, 'policy', 'create', 'db-policy')
    await netctl(one, 'policy', 'rule-add', 'db-policy', '1', '-direction=in', '-protocol=tcp', '-action=deny')
    const allow = ['-direction=in', '-protocol=tcp', '-port=8888', '-action=allow', '-priority=10']
    await netctl(one, 'policy', 'rule-add', 'db-policy', '2', ...allow)
    await netctl(one, 'group', 'create', 'contiv-net', 'db', '-policy=db-policy')
    await networksAppear(lab().hosts(), 'contiv-net', 'db.contiv-net')
    const db = await runContainer(one, 'db.contiv-net', 'contiv-db')
    const web = await runContainer(two, 'contiv-net', 'contiv-web')
    await listen(db)
    return { one, two, db, web }
  }

  it('opens the one port that the policy allows, on both hosts, and follows its rules', async () => {
    const { one, two, db, web } = await chapter()
    const shown = await inspect(two, 'network', 'db.contiv-net')
    assert.deepEqual(shown.IPAM?.Config, [{ Subnet: '10.1.2.0/24' }])
    await assertPorts(web, db, [8888])
    const near = await runContainer(one, 'contiv-net', 'near')
    await assertPorts(near, db, [8888])
    await netctl(two, 'policy', 'rule-add', 'db-policy', '3', '-protocol=tcp', '-port=8889', '-priority=10')
    await eventually(() => assertPorts(web, db, [8888, 8889]), { timeoutMs: 2_000 })
    await netctl(one, 'policy', 'rule-rm', 'db-policy', '1')
    await eventually(() => assertPorts(web, db, [8888, 8889, 8890]), { timeoutMs: 2_000 })
  })
})

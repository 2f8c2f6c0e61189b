import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { assertAgree, netctl, status, three, tryNetctl } from '../acceptance/cli.ts'
import {
  assertReaches,
  docker,
  eventually,
  meshNetworks,
  networksAppear,
  pingDuring,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'
import { addresses } from './names.ts'
import { assertPorts, listen } from './ports.ts'

const denyTcp = ['-direction=in', '-protocol=tcp', '-action=deny']
const allow = (port: number) => ['-direction=in', '-protocol=tcp', `-port=${port}`, '-action=allow', '-priority=10']

describe('groups: on three hosts', function () {
  this.timeout(60_000)
  const lab = useLab()
  const hosts = () => three(lab().hosts())

  /** A network with the group `db`, which denies TCP but for port 8888. */
  async function prepare(tenant = 'default'): Promise<[LabHost, LabHost, LabHost]> {
    const [one, two, three] = hosts()
    const t = ['-t', tenant]
    await netctl(one, 'net', 'create', ...t, '--subnet=10.1.2.0/24', 'web')
    await netctl(one, 'policy', 'create', ...t, 'p')
    await netctl(one, 'policy', 'rule-add', ...t, 'p', '1', ...denyTcp)
    await netctl(one, 'policy', 'rule-add', ...t, 'p', '2', ...allow(8888))
    await netctl(one, 'group', 'create', ...t, 'web', 'db', '-policy=p')
    await networksAppear(lab().hosts(), tenant === 'default' ? 'db.web' : `db.web/${tenant}`)
    return [one, two, three]
  }

  const gone = (name: string) =>
    eventually(async () => {
      for (const host of lab().hosts()) assert.ok(!(await meshNetworks(host)).includes(name), `${host.name} ${name}`)
    })

  it('are found by their names, with all members, those of the own host first', async () => {
    const [one, two] = await prepare()
    const near = await runContainer(one, 'db.web', 'c1')
    const far = await runContainer(two, 'db.web', 'c2')
    const from = await runContainer(one, 'web', 'asker')
    const other = await runContainer(two, 'web', 'other')
    await eventually(async () => assert.deepEqual(await addresses(from, 'db'), [near.ip, far.ip]))
    assert.deepEqual(await addresses(other, 'DB.web'), [far.ip, near.ip])
    assert.deepEqual(await addresses(near, 'db'), [near.ip, far.ip], 'a member asks as well')
    for (const name of ['c2', 'c2.web', 'c2.db.web']) assert.deepEqual(await addresses(from, name), [far.ip], name)
    assert.deepEqual(await addresses(from, 'c1'), [near.ip], 'of another Docker network of the same host')
    await assertReaches(from, 'db')
    await removeContainers(two, 'c2')
    await eventually(async () => assert.deepEqual(await addresses(other, 'db'), [near.ip]), { timeoutMs: 2_000 })
  })

  it('hold on through restarts of skeind and of the engine', async () => {
    const [one, two] = await prepare()
    const db = await runContainer(one, 'db.web', 'db1', { args: ['--restart', 'always'] })
    const web = await runContainer(two, 'web', 'web1')
    await listen(db)
    await assertPorts(web, db, [8888])
    const { lost } = await pingDuring(web, db.ip, async () => {
      await one.killPeer()
      await assertPorts(web, db, [8888])
      await one.startPeer()
    })
    assert.deepEqual(lost, [])
    await one.stopEngine()
    await one.startEngine()
    const found = await eventually(async () => {
      const [ip = ''] = await addresses(web, 'db')
      assert.notEqual(ip, '')
      return { ...db, ip }
    })
    await listen(found)
    await eventually(() => assertPorts(web, found, [8888]))
    const late = await runContainer(one, 'db.web', 'db2')
    await listen(late)
    await eventually(() => assertPorts(web, late, [8888]))
  })

  it('and rules, made on both sides of a split, are the same everywhere after it', async () => {
    const [one, two] = await prepare()
    await lab().split(['1', '2 3'])
    await netctl(one, 'group', 'create', 'web', 'app', '-policy=p')
    await netctl(one, 'policy', 'rule-add', 'p', '3', ...allow(8889))
    await netctl(two, 'group', 'create', 'web', 'app', '-policy=p')
    await netctl(two, 'group', 'create', 'web', 'cache')
    await netctl(two, 'policy', 'rule-add', 'p', '4', ...allow(8890))
    await networksAppear([one], 'app.web')
    await networksAppear([two], 'app.web', 'cache.web')
    const app = await runContainer(one, 'app.web', 'app1')
    await netctl(two, 'group', 'rm', 'db')
    const db = await runContainer(one, 'db.web', 'db1')
    await lab().heal()
    await assertAgree(lab().hosts(), 20_000)
    await networksAppear(lab().hosts(), 'app.web', 'cache.web')
    const web = await runContainer(two, 'web', 'web1')
    await Promise.all([listen(app), listen(db)])
    await eventually(() => assertPorts(web, app, [8888, 8889, 8890]))
    const text = /group default\/db was deleted while in use and waits for db1/
    await eventually(async () => assert.ok((await status(two)).conditions.some(each => text.test(each.text))))
    await assertPorts(web, db, [8888, 8889, 8890])
    assert.deepEqual(await addresses(web, 'app'), [app.ip])
    await removeContainers(one, 'db1')
    await gone('db.web')
  })

  it('of two tenants have nothing to do with each other', async () => {
    await netctl(hosts()[0], 'tenant', 'create', 'blue')
    await prepare()
    const [one, two] = await prepare('blue')
    await netctl(one, 'policy', 'rule-rm', '-t', 'blue', 'p', '1')
    for (const [net, mark] of [
      ['web', 'red'],
      ['web/blue', 'blue'],
    ]) {
      const db = await runContainer(one, `db.${net}`, `${mark}-db`)
      const web = await runContainer(two, net ?? '', `${mark}-web`)
      await listen(db)
      await eventually(() => assertPorts(web, db, mark === 'red' ? [8888] : [8888, 8889, 8890]))
      assert.deepEqual(await addresses(web, 'db'), [db.ip])
    }
  })

  it('are not deleted while something needs them, also from Docker; then everywhere', async () => {
    const [one, two] = await prepare()
    await runContainer(two, 'db.web', 'c1')
    const refused = await tryNetctl(one, 'group', 'rm', 'db')
    assert.match(
      refused.stderr,
      /cannot delete group db, has active endpoints: c1 on host2; stop them with docker rm -f/,
    )
    assert.match((await tryNetctl(one, 'net', 'rm', 'web')).stderr, /cannot delete web has 1 endpoint groups \(db\)/)
    await docker(one, 'network', 'rm', 'db.web')
    await networksAppear([one], 'db.web')
    const { conditions } = await status(one)
    assert.ok(
      conditions.some(({ text }) => /^network db\.web was removed from this host's Docker and is created/.test(text)),
    )
    await removeContainers(two, 'c1')
    await netctl(one, 'group', 'rm', 'db')
    await gone('db.web')
    assert.deepEqual(await meshNetworks(two), ['web'])
  })

  it('have addresses of their pool, whichever host owns them; a drain moves members with their policies', async () => {
    const [one, two] = await prepare()
    await netctl(one, 'group', 'create', 'web', 'few', '--ip-pool=10.1.2.100-10.1.2.101', '-policy=p')
    await networksAppear(lab().hosts(), 'few.web')
    const few = await runContainer(one, 'few.web', 'f1')
    const other = await runContainer(two, 'few.web', 'f2')
    assert.deepEqual([few.ip, other.ip].sort(), ['10.1.2.100', '10.1.2.101'])
    const third = await two.exec(['docker', 'run', '--rm', '--net', 'few.web', 'alpine', 'true'], { timeoutMs: 30_000 })
    assert.match(third.stderr, /no free address in pool 10\.1\.2\.100-10\.1\.2\.101/)
    const web = await runContainer(two, 'web', 'web1')
    await netctl(one, 'net', 'create', '--subnet=10.1.3.0/24', 'next')
    await networksAppear(lab().hosts(), 'next')
    const { code, stderr } = await one.exec(['skein', 'net', 'drain', 'web', '--into', 'next'])
    assert.equal(code, 0, stderr)
    await eventually(async () => {
      const members = await docker(
        one,
        'network',
        'inspect',
        '-f',
        '{{range .Containers}}{{.Name}} {{end}}',
        'few.next',
      )
      assert.equal(members.trim(), 'f1')
      assert.match((await addresses(web, 'few')).join(), /^10\.1\.3\.\d+,10\.1\.3\.\d+$/)
    })
    const [, near = ''] = await addresses(web, 'few')
    await listen(few)
    await eventually(() => assertPorts(web, { ...few, ip: near }, [8888]))
    await eventually(async () => assert.match(await netctl(one, 'group', 'ls'), /default +few +next +p\n$/))
  })

  it('can be created with docker network create, on one host for all', async () => {
    const [one, two] = hosts()
    const drivers = ['-d', 'mesh', '--ipam-driver', 'mesh', '--subnet', '10.1.2.0/24']
    await docker(one, 'network', 'create', ...drivers, '-o', 'group=db', 'db.web')
    const c1 = await runContainer(one, 'db.web', 'c1')
    await networksAppear(lab().hosts(), 'web', 'db.web')
    const c2 = await runContainer(two, 'db.web', 'c2')
    await eventually(async () => assert.deepEqual(await addresses(c2, 'db'), [c2.ip, c1.ip]))
    await removeContainers(one, 'c1')
    await removeContainers(two, 'c2')
    await docker(one, 'network', 'rm', 'db.web')
    await gone('db.web')
  })
})

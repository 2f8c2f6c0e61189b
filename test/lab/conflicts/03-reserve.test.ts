import assert from 'node:assert/strict'
import { assertAgree, three } from '../acceptance/cli.ts'
import { createNetworks } from '../like-docker/mesh.ts'
import {
  assertPrompt,
  eventually,
  refusalsUntil,
  refusedRun,
  removeContainers,
  runContainer,
  useLab,
} from '../support/index.ts'
import { obey } from './two-webs.ts'

const address = '10.1.2.77'

describe('conflicts 3: an address that a host keeps for a split', function () {
  this.timeout(90_000)
  const lab = useLab()

  it('ip reserve --peer from another host; --ip there in the split, and an error elsewhere; ip release', async () => {
    const hosts = lab().hosts()
    const [one, two, three3] = three(hosts)
    await createNetworks(hosts, { web: '10.1.2.0/24' })
    await obey(one, `skein ip reserve web ${address} --peer host3`)
    await assertAgree(hosts, 5000)
    await lab().split(['1 2', '3'])
    const gone = await refusalsUntil(/which is out of reach/, () => refusedRun(one, 'web', '--ip', address))
    assertPrompt(
      gone,
      6000,
      new RegExp(`${address} of default/web belongs to host3, which (is out of reach|does not answer)`),
    )
    assert.equal((await runContainer(three3, 'web', 'kept', { args: ['--ip', address] })).ip, address)
    await lab().heal()
    await assertAgree(hosts, 15_000)
    await removeContainers(three3, 'kept')
    // the connection from before the split may break only now, and is made again
    await eventually(() => obey(two, `skein ip release web ${address}`))
    await eventually(
      async () => {
        await one.exec(['docker', 'rm', '-f', 'later'])
        assert.equal((await runContainer(one, 'web', 'later', { args: ['--ip', address] })).ip, address)
      },
      { timeoutMs: 40_000, intervalMs: 1000 },
    )
  })
})

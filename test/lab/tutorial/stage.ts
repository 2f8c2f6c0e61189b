/** The lab as the reader of the tutorial has it. */
import assert from 'node:assert/strict'
import { createLab, type LabHost } from '../../../lab/index.ts'
import { packageRoot } from '../../../lab/plan.ts'
import type { GroupJson, NetworkJson, StatusJson } from '../../../src/api/types.ts'
import { dockerName } from '../../../src/model/names.ts'
import type { Stage } from '../../support/tutorial/play.ts'
import { call, eventually, meshNetworks } from '../support/index.ts'

export const labStage: Stage = {
  shellOf: host => {
    const skein = [process.execPath, `${packageRoot()}/bin/skein`]
    return host === '' ? ['env', '-C', packageRoot(), 'bash', '--norc'] : [...skein, 'lab', 'shell', host]
  },
  // Docker's overlay tells the other hosts of a container after `docker run` has answered
  mayComeLater: step => /^ping overlay-/.test(step.command),
  settle: () => eventually(agree, { intervalMs: 30, timeoutMs: 60_000 }),
}

/** Hosts that are no mesh yet know nothing of each other: nothing is waited for but what is typed again. */
export const apartStage: Stage = {
  ...labStage,
  mayComeLater: step => step.command === 'skein peer ls',
  settle: async () => {},
}

/** Throws unless all peers hold the same records, know that of each other, and every Docker has the networks that they name. */
async function agree(): Promise<void> {
  const hosts = createLab().hosts()
  const states = await Promise.all(hosts.map(async host => (await call(host, 'GET', '/api/v1/status')) as StatusJson))
  const digests = new Set(states.map(({ digest }) => digest))
  assert.ok(digests.size <= 1, `the hosts do not agree: ${[...digests].join(', ')}`)
  for (const { self, members } of states) {
    const others = members.filter(member => member.key !== self.key)
    for (const { name, behind } of others) assert.ok(!behind, `${self.name} has not heard that ${name} knows the same`)
  }
  for (const host of hosts) assert.deepEqual(await meshNetworks(host), await dockerNames(host), host.name)
}

async function dockerNames(host: LabHost): Promise<string[]> {
  const networks = (await call(host, 'GET', '/api/v1/networks/')) as NetworkJson[]
  const groups = (await call(host, 'GET', '/api/v1/endpointGroups/')) as GroupJson[]
  return [
    ...networks.map(({ tenantName, networkName }) => dockerName(tenantName, networkName)),
    ...groups.map(({ tenantName, networkName, groupName }) => `${groupName}.${dockerName(tenantName, networkName)}`),
  ].sort()
}

/** Back to an empty lab between tests, through the same doors as a user. */
import assert from 'node:assert/strict'
import { ask, type Lab, type LabHost, membersReady } from '../../../lab/index.ts'
import { docker, meshNetworks, removeContainers } from './docker.ts'
import { eventually } from './eventually.ts'

/** Heals, starts what was stopped, removes all containers, objects and tenants, waits until all hosts agree. */
export async function cleanHosts(lab: Lab): Promise<void> {
  await lab.heal()
  const hosts = lab.hosts()
  const withPeers = hosts.filter(host => hasPeer(host))
  await Promise.all(withPeers.map(host => host.startPeer()))
  await Promise.all(hosts.map(host => host.startEngine()))
  await Promise.all(hosts.map(removeAllContainers))
  const [first] = withPeers
  if (!first) return
  await membersReady(
    withPeers.map(host => host.name),
    30_000,
  )
  await eventually(() => removeObjects(first), { timeoutMs: 20_000 })
  // Docker asks a plugin that was away a moment ago only after a pause of its own
  await eventually(
    async () => {
      for (const host of withPeers)
        assert.deepEqual(await meshNetworks(host), [], `${host.name} shows no Skein network`)
    },
    { timeoutMs: 30_000 },
  )
}

/** A lab started with `--no-peers` has none to start. */
function hasPeer(host: LabHost): boolean {
  return host.peerPid() !== undefined || host.hasPeerData()
}

async function removeAllContainers(host: LabHost): Promise<void> {
  const ids = (await docker(host, 'ps', '-aq')).split('\n').filter(Boolean)
  await removeContainers(host, ...ids)
}

/** What must go first, first: rules name groups, groups have policies and are on networks. */
const kinds = ['rules', 'endpointGroups', 'policys', 'netprofiles', 'networks']

/** Deletes what the host's peer lists; throws while something is left. */
async function removeObjects(host: LabHost): Promise<void> {
  let left = 0
  for (const kind of kinds) {
    const objects = (await call(host, 'GET', `/api/v1/${kind}/`)) as { key: string }[]
    left += objects.length
    // two values of one rule have one key
    for (const key of new Set(objects.map(each => each.key))) {
      await call(host, 'DELETE', `/api/v1/${kind}/${encodeURIComponent(key)}/`)
    }
  }
  const tenants = (await call(host, 'GET', '/api/v1/tenants/')) as { key: string }[]
  for (const { key } of tenants) {
    if (key !== 'default') await call(host, 'DELETE', `/api/v1/tenants/${encodeURIComponent(key)}/`)
  }
  assert.deepEqual([left, tenants.length], [0, 1], 'objects and tenants are left')
}

/** A request to the host's management API; its answer as JSON. Fails with the API's own error line. */
export async function call(host: LabHost, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await ask(host.apiSocket, method, path, body === undefined ? {} : { body })
  assert.ok(answer.status < 300, `${host.name}: ${method} ${path}: ${answer.status} ${answer.text}`)
  return answer.text === '' ? undefined : JSON.parse(answer.text)
}

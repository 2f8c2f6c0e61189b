/** Skein's objects over the API of a host: each start of the command line takes an emulated machine some seconds. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import type { ApplyJson, ApplyRequest } from '../../../src/api/types.ts'
import { call } from '../../lab/support/index.ts'

/** Creates what the request says, as `skein apply` does. Fails with what is refused. */
export async function apply(host: LabHost, request: ApplyRequest): Promise<void> {
  const { results } = (await call(host, 'POST', '/api/v1/apply', request)) as ApplyJson
  for (const { key, error } of results) assert.equal(error, undefined, `${key}: ${error?.text}`)
}

/** Kinds as paths have them. */
type Kind = 'rules' | 'endpointGroups' | 'policys' | 'networks' | 'tenants'

/** Deletes one: `default:web`, `blue:p:1`. */
export async function remove(host: LabHost, kind: Kind, key: string): Promise<void> {
  await call(host, 'DELETE', `/api/v1/${kind}/${encodeURIComponent(key)}/`)
}

/** `netctl global set --vlan-range`. */
export async function setVlanRange(host: LabHost, vlans: string): Promise<void> {
  await call(host, 'POST', '/api/v1/globals/global/', { vlans })
}

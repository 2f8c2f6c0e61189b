/** Skein's objects over the API of a host: each start of the command line takes an emulated machine some seconds. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import type { ApplyJson, ApplyRequest } from '../../../src/api/types.ts'
import { call, eventually } from '../../lab/support/index.ts'
import { patience } from './patience.ts'

/** Creates what the request says, as `skein apply` does; again where an emulated peer had too little time. Fails with what is refused. */
export async function apply(host: LabHost, request: ApplyRequest): Promise<void> {
  const refused = await eventually(async () => {
    const { results } = (await call(host, 'POST', '/api/v1/apply', request)) as ApplyJson
    const errors = results.flatMap(({ key, error }) => (error ? [{ key, ...error }] : []))
    assert.ok(!errors.some(({ code }) => code === 'timeout'), JSON.stringify(errors))
    return errors
  }, patience)
  assert.deepEqual(refused, [])
}

/** Kinds as paths have them. */
type Kind = 'rules' | 'endpointGroups' | 'policys' | 'networks' | 'tenants'

/** Deletes one: `default:web`, `blue:p:1`. */
export async function remove(host: LabHost, kind: Kind, key: string): Promise<void> {
  await call(host, 'DELETE', `/api/v1/${kind}/${encodeURIComponent(key)}/`)
}

/** `skein ip reserve` on the host that is to have the address. */
export async function reserve(host: LabHost, network: string, address: string): Promise<void> {
  await call(host, 'POST', `/api/v1/addresses/${encodeURIComponent(network)}/reserve`, { address })
}

/** `netctl global set --vlan-range`. */
export async function setVlanRange(host: LabHost, vlans: string): Promise<void> {
  await call(host, 'POST', '/api/v1/globals/global/', { vlans })
}

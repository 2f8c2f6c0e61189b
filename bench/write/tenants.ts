/** Tenants, created through the API of a real peer: the cheapest write that a user can make. */
import { ask, type LabHost } from '../../lab/index.ts'
import { SkeinError } from '../../src/lib/errors.ts'

/** Gives a function that creates a new tenant each time it is called, and resolves when the peer has acknowledged it. */
export function createTenants(host: LabHost): () => Promise<void> {
  let count = 0
  return async () => {
    const tenantName = `bench-${++count}`
    const { status, text } = await ask(host.apiSocket, 'POST', `/api/v1/tenants/${tenantName}/`, {
      body: { tenantName },
    })
    if (status >= 300) throw new SkeinError('internal', `the peer refused a tenant: ${status} ${text}`)
  }
}

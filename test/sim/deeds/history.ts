/** Policies become what they were. */
import type { ApiDeps } from '../../../src/api/deps.ts'
import { restorePolicy, versionOf } from '../../../src/api/policy-history.ts'
import type { Deed } from './deed.ts'

export const historyDeeds: Record<string, Deed> = {
  /** `skein policy restore`, to any event of its history; also of a policy that is deleted. */
  restorePolicy: {
    weight: 1,
    absent: 0.4,
    async run({ world, host, peer: { replica }, random }) {
      const { view } = replica
      const tenant = random.pick(view.tenants()) ?? 'default'
      const name = random.pick(['open', 'shut']) ?? 'open'
      const event = random.pick(view.objects.history(tenant, name))
      if (!event) return false
      // of its dependencies it uses the replica alone
      const { leaves } = await restorePolicy({ replica } as ApiDeps, `${tenant}:${name}`, versionOf(event))
      world.history.note(
        `${host.name} restored policy ${tenant}/${name} to ${versionOf(event)}: ${leaves.length} records`,
      )
      return leaves.length > 0
    },
  },
}

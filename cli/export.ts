/** `export`: the users' objects in a form that `apply` takes. Not members, endpoints or addresses: those are not the users'. */
import type { Command } from 'commander'
import { groupObjects, objectsOf, policyObjects, profileObjects } from '../src/api/export-objects.ts'
import type {
  GroupJson,
  NetProfileJson,
  NetworkJson,
  ObjectsJson,
  PolicyJson,
  RuleJson,
  TenantJson,
} from '../src/api/types.ts'
import { writeObjects } from './objects-file.ts'
import type { Session } from './session.ts'

export function addExportCommand(program: Command, session: Session): void {
  program
    .command('export')
    .description('print what users made as YAML that skein apply takes; the backup of a mesh')
    .option('-j, --json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const tenants = await session.client().get<TenantJson[]>('/api/v1/tenants/')
      const networks = await session.client().get<NetworkJson[]>('/api/v1/networks/')
      const { objects: made, left } = objectsOf(tenants, networks)
      const others = await otherObjects(session)
      // what nobody has made is not listed
      const objects = { ...made, ...Object.fromEntries(Object.entries(others).filter(([, list]) => list.length > 0)) }
      if (json) session.printJson(objects)
      else session.io.stdout(await writeObjects(objects))
      for (const key of left) {
        session.note(`left out: ${key}, the later of two networks of one name; skein status has the way to resolve it`)
      }
    })
}

async function otherObjects(session: Session): Promise<Required<Omit<ObjectsJson, 'tenants' | 'networks'>>> {
  const client = session.client()
  const [profiles, policies, rules, groups] = [
    await client.get<NetProfileJson[]>('/api/v1/netprofiles/'),
    await client.get<PolicyJson[]>('/api/v1/policys/'),
    await client.get<RuleJson[]>('/api/v1/rules/'),
    await client.get<GroupJson[]>('/api/v1/endpointGroups/'),
  ]
  const said = groupObjects(groups)
  for (const key of said.left) session.note(`left out: ${key}, the later of two groups of one name`)
  const told = policyObjects(policies, rules)
  for (const key of told.left) session.note(`left out: ${key}, the later of two values of one rule`)
  return { netprofiles: profileObjects(profiles), policies: told.policies, groups: said.groups }
}

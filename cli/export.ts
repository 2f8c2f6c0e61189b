/** `export`: the users' objects in a form that `apply` takes. Not members, endpoints or addresses: those are not the users'. */
import type { Command } from 'commander'
import type {
  GroupJson,
  NetProfileJson,
  NetworkJson,
  NetworkObject,
  ObjectsJson,
  PolicyJson,
  RuleJson,
  TenantJson,
} from '../src/api/types.ts'
import { isNetworkName } from '../src/model/names.ts'
import { groupObjects, policyObjects, profileObjects } from './export-objects.ts'
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

/** `left`: networks that bear another name than they were created under, which nobody can create. */
export function objectsOf(
  tenants: readonly TenantJson[],
  networks: readonly NetworkJson[],
): { objects: Required<Pick<ObjectsJson, 'tenants' | 'networks'>>; left: string[] } {
  const made = networks.filter(network => isNetworkName(network.networkName))
  const left = networks.filter(network => !made.includes(network)).map(network => network.key)
  const objects = { tenants: tenants.map(({ tenantName }) => ({ name: tenantName })), networks: made.map(objectOf) }
  return { objects, left }
}

function objectOf(network: NetworkJson): NetworkObject {
  const { tenantName, networkName, subnet, encap, nwType, pktTag, gateway, ipv6Subnet, ipv6Gateway, docker } = network
  return {
    tenant: tenantName,
    name: networkName,
    subnet,
    encap,
    type: nwType,
    ...(pktTag === undefined ? {} : { pktTag }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(ipv6Subnet === undefined ? {} : { subnet6: ipv6Subnet }),
    ...(ipv6Gateway === undefined ? {} : { gateway6: ipv6Gateway }),
    ...(docker === undefined ? {} : { docker }),
  }
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

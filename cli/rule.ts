/** `policy rule-add|rule-rm|rule-ls`. */
import type { Command } from 'commander'
import type { RuleJson } from '../src/api/types.ts'
import { keyOf } from './network-key.ts'
import { addTenant, addWait, numberOf, type TenantOption, type WaitOption } from './options.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

interface AddOptions extends TenantOption, WaitOption {
  priority: string
  direction: string
  fromGroup?: string
  toGroup?: string
  fromNetwork?: string
  toNetwork?: string
  fromIpAddress?: string
  toIpAddress?: string
  protocol?: string
  port: string
  action: string
}

export function addRuleCommands(policy: Command, session: Session): void {
  const add = addTenant(policy.command('rule-add').argument('<policy>').argument('<rule>'))
  addWait(add.description('add a rule, which never changes afterwards'), session)
    .option('-p, --priority <priority>', '1 to 100, the higher wins', '1')
    .option('-d, --direction <direction>', 'in or out, as the groups of the policy see it', 'in')
    .option('-g, --from-group <group>', 'of these senders')
    .option('-e, --to-group <group>', 'to these receivers')
    .option('-n, --from-network <network>', 'of these senders')
    .option('-o, --to-network <network>', 'to these receivers')
    .option('-i, --from-ip-address <address>', 'address, prefix or range: 10.1.2.3-10.1.2.9')
    .option('-s, --to-ip-address <address>', 'address, prefix or range')
    .option('-l, --protocol <protocol>', 'tcp, udp, icmp or a number from 0 to 255; any if left out')
    .option('-P, --port <port>', 'destination port, with tcp or udp', '0')
    .option('-j, --action <action>', 'allow or deny', 'allow')
    .action((name: string, id: string, options: AddOptions) => addRule(session, name, id, options))
  const remove = addTenant(policy.command('rule-rm').alias('rule-delete').argument('<policy>').argument('<rule>'))
  addWait(remove.description('remove a rule; 5~1a2b is one of two values of rule 5'), session).action(
    (name: string, id: string, options: TenantOption & WaitOption) => removeRule(session, name, id, options),
  )
  addTenant(policy.command('rule-ls').alias('rule-list').argument('<policy>'))
    .description('list the rules of a policy')
    .option('-j, --json', 'as JSON')
    .option('-q, --quiet', 'ids only')
    .action((name: string, options: TenantOption & { json?: boolean; quiet?: boolean }) =>
      listRules(session, name, options),
    )
}

function pathOf(tenant: string, policy: string, id: string): string {
  return `/api/v1/rules/${keyOf(tenant, policy)}${encodeURIComponent(`:${id}`)}/`
}

async function addRule(session: Session, policy: string, id: string, options: AddOptions): Promise<void> {
  const { tenant, wait } = options
  const reply = await session.client().send('POST', pathOf(tenant, policy, id), {
    tenantName: tenant,
    policyName: policy,
    ruleId: id,
    priority: numberOf('--priority', options.priority, 1, 100),
    direction: options.direction,
    fromEndpointGroup: options.fromGroup,
    toEndpointGroup: options.toGroup,
    fromNetwork: options.fromNetwork,
    toNetwork: options.toNetwork,
    fromIpAddress: options.fromIpAddress,
    toIpAddress: options.toIpAddress,
    protocol: options.protocol,
    port: numberOf('--port', options.port, 0, 65_535),
    action: options.action,
  })
  const skein = `rule ${tenant}:${policy}:${id} ${reply.existed ? 'exists already' : 'added'}`
  await session.confirm(reply, { skein, netctl: reply.existed ? `Rule exists already: ${id}` : '', wait })
}

async function removeRule(session: Session, policy: string, id: string, options: TenantOption & WaitOption) {
  const { tenant, wait } = options
  const reply = await session.client().send('DELETE', pathOf(tenant, policy, id))
  await session.confirm(reply, { skein: `rule ${tenant}:${policy}:${id} removed`, netctl: '', wait })
}

async function listRules(
  session: Session,
  policy: string,
  options: TenantOption & { json?: boolean; quiet?: boolean },
): Promise<void> {
  const { tenant } = options
  // an unknown policy is an error, not an empty list
  await session.client().get(`/api/v1/policys/${keyOf(tenant, policy)}/`)
  const everything = await session.client().get<RuleJson[]>('/api/v1/rules/')
  const rules = everything.filter(rule => rule.tenantName === tenant && rule.policyName === policy)
  if (options.json) session.printJson(rules)
  else if (options.quiet) for (const { ruleId } of rules) session.print(ruleId)
  else session.io.stdout(ruleTables(rules, session.name === 'skein'))
}

/** Column heads of the tutorial, whose rules are not all as long as their heads. Only skein tells what incoming rules say of the receiver. */
export function ruleTables(rules: readonly RuleJson[], whole: boolean): string {
  const end = (rule: RuleJson) => [rule.protocol ?? '', String(rule.port ?? 0), rule.action]
  const incoming = rules.filter(rule => rule.direction === 'in')
  const hasTo = whole && incoming.some(rule => rule.toIpAddress)
  const to = (text: string) => (hasTo ? [text] : [])
  const inRows = incoming.map(rule => [
    ...[rule.ruleId, String(rule.priority), rule.fromEndpointGroup ?? '', rule.fromNetwork ?? ''],
    ...[rule.fromIpAddress ?? '', ...to(rule.toIpAddress ?? ''), ...end(rule)],
  ])
  const outRows = rules
    .filter(rule => rule.direction === 'out')
    .map(rule => [
      ...[rule.ruleId, String(rule.priority), rule.toEndpointGroup ?? '', rule.toNetwork ?? ''],
      ...[rule.toIpAddress ?? '', ...end(rule)],
    ])
  const heads = (side: string, extra: readonly string[]) => [
    ...['Rule', 'Priority', `${side} EndpointGroup`, `${side} Network`, `${side} IpAddress`, ...extra],
    ...['Protocol', 'Port', 'Action'],
  ]
  const dashes = (side: string, extra: readonly string[]) => [
    ...['----', '--------', '-'.repeat(`${side} EndpointGroup`.length), '-'.repeat(`${side} Network`.length)],
    ...['---------', ...extra, '--------', '----', '------'],
  ]
  return [
    'Incoming Rules:\n',
    table([heads('From', to('To IpAddress')), dashes('From', to('------------')), ...inRows]),
    'Outgoing Rules:\n',
    table([heads('To', []), dashes('To', []), ...outRows]),
  ].join('')
}

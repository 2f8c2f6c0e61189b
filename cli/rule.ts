/** `policy rule-add|rule-rm|rule-ls`. */
import type { Command } from 'commander'
import type { CountedJson, RuleCountersJson, RuleJson } from '../src/api/types.ts'
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
    .option('-i, --from-ip-address <address>', 'address, prefix or range, IPv4 or IPv6: 10.1.2.3-10.1.2.9, fd00:6::/64')
    .option('-s, --to-ip-address <address>', 'address, prefix or range')
    .option('-l, --protocol <protocol>', 'tcp, udp, icmp or a number from 0 to 255; any if left out')
    .option('-P, --port <port>', 'destination port, with tcp or udp', '0')
    .option('-j, --action <action>', 'allow or deny', 'allow')
    .action((name: string, id: string, options: AddOptions) => addRule(session, name, id, options))
  const remove = addTenant(policy.command('rule-rm').alias('rule-delete').argument('<policy>').argument('<rule>'))
  addWait(remove.description('remove a rule; 5~1a2b is one of two values of rule 5'), session).action(
    (name: string, id: string, options: TenantOption & WaitOption) => removeRule(session, name, id, options),
  )
  const list = addTenant(policy.command('rule-ls').alias('rule-list').argument('<policy>'))
    .description('list the rules of a policy')
    .option('-j, --json', 'as JSON')
    .option('-q, --quiet', 'ids only')
  // Contiv's netctl has no such flag
  if (session.name === 'skein') list.option('-c, --counters', 'with what each rule has counted on all hosts')
  list.action((name: string, options: ListOptions) => listRules(session, name, options))
}

type ListOptions = TenantOption & { json?: boolean; quiet?: boolean; counters?: boolean }

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

async function listRules(session: Session, policy: string, options: ListOptions): Promise<void> {
  const { tenant } = options
  // an unknown policy is an error, not an empty list
  await session.client().get(`/api/v1/policys/${keyOf(tenant, policy)}/`)
  const everything = await session.client().get<RuleJson[]>('/api/v1/rules/')
  const rules = everything.filter(rule => rule.tenantName === tenant && rule.policyName === policy)
  if (options.quiet) for (const { ruleId } of rules) session.print(ruleId)
  else if (options.counters)
    await listCounted(session, rules, `/api/v1/counters/policys/${keyOf(tenant, policy)}/`, options)
  else if (options.json) session.printJson(rules)
  else session.io.stdout(ruleTables(rules, session.name === 'skein'))
}

/** Whom a rule could not be counted on is said aside: the figures of the others stand. */
async function listCounted(session: Session, rules: readonly RuleJson[], path: string, { json }: ListOptions) {
  const { hosts, missing } = await session.client().get<RuleCountersJson>(path)
  const counted = rules.map(rule => {
    const byHost = hosts.flatMap(({ name, rules }) => {
      const figures = rules[rule.ruleId]
      return figures ? [[name, figures] as const] : []
    })
    return { ...rule, counters: { ...sum(byHost.map(([, figures]) => figures)), hosts: Object.fromEntries(byHost) } }
  })
  if (json) session.printJson(counted)
  else session.io.stdout(ruleTables(counted, true))
  for (const { name, reason } of missing) session.note(`without what ${name} counted: ${reason}`)
}

function sum(figures: readonly CountedJson[]): CountedJson {
  const total = (of: (each: CountedJson) => number) => figures.reduce((before, each) => before + of(each), 0)
  return { packets: total(each => each.packets), bytes: total(each => each.bytes) }
}

/** Column heads of the tutorial, whose rules are not all as long as their heads. Only skein tells what incoming rules say of the receiver. */
export function ruleTables(rules: readonly (RuleJson & { counters?: CountedJson })[], whole: boolean): string {
  const isCounted = rules.some(rule => rule.counters)
  const counts = (packets: string, bytes: string) => (isCounted ? [packets, bytes] : [])
  const end = ({ protocol = '', port = 0, action, counters }: (typeof rules)[number]) => [
    ...[protocol, String(port), action],
    ...counts(String(counters?.packets), String(counters?.bytes)),
  ]
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
    ...['Protocol', 'Port', 'Action', ...counts('Packets', 'Bytes')],
  ]
  const dashes = (side: string, extra: readonly string[]) => [
    ...['----', '--------', '-'.repeat(`${side} EndpointGroup`.length), '-'.repeat(`${side} Network`.length)],
    ...['---------', ...extra, '--------', '----', '------', ...counts('-------', '-----')],
  ]
  return [
    'Incoming Rules:\n',
    table([heads('From', to('To IpAddress')), dashes('From', to('------------')), ...inRows]),
    'Outgoing Rules:\n',
    table([heads('To', []), dashes('To', []), ...outRows]),
  ].join('')
}

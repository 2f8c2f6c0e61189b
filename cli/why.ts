/** `why SRC DST PROTO[/PORT]`: whether one reaches the other, by which rule, and what would change it. */
import type { Command } from 'commander'
import type { WhyCaseJson, WhyEndJson, WhyJson, WhyWayJson } from '../src/api/types.ts'
import { dockerName } from '../src/model/names.ts'
import type { Session } from './session.ts'
import { table } from './table.ts'

interface WhyOptions {
  tenant?: string
  ipv6?: boolean
  json?: boolean
}

export function addWhyCommand(program: Command, session: Session): void {
  program
    .command('why')
    .argument('<src>', 'container (name, host/name or id), group (db, db.web), or address')
    .argument('<dst>', 'the same')
    .argument('<protocol>', 'tcp/80, udp/53, tcp for all ports, icmp, or a number')
    .description('whether SRC reaches DST, which rule decides it and where, and what would change it')
    .option('-t, --tenant <tenant>', "of groups and addresses; the default is the named container's, else default")
    .option('-6, --ipv6', 'of the IPv6 addresses of what is named; by default of the IPv4 ones')
    .option('-j, --json', 'as JSON')
    .action(async (src: string, dst: string, flow: string, { tenant, ipv6, json }: WhyOptions) => {
      const more = { ...(tenant === undefined ? {} : { tenant }), ...(ipv6 ? { family: '6' } : {}) }
      const query = new URLSearchParams({ src, dst, flow, ...more })
      const answer = await session.client().get<WhyJson>(`/api/v1/why?${query}`)
      if (json) session.printJson(answer)
      else session.io.stdout(whyText(answer))
    })
}

const words = { yes: 'passes', no: 'does not pass', partly: 'passes in part' }

export function whyText(answer: WhyJson): string {
  const { src, dst, protocol, port, passes, ways } = answer
  const flow = port === 0 ? protocol : `${protocol}/${port}`
  const head = `${src} to ${dst}, ${flow}: ${words[passes]}\n`
  return head + ways.map(way => table(linesOf(way).map(([label, text]) => [`  ${label}`, text]))).join('\n')
}

type Line = [label: string, text: string]

function linesOf(way: WhyWayJson): Line[] {
  const { src, dst, text, cases, decidedOn, judgedOn, change, notes } = way
  const rules = cases.map((each, at): Line => [at === 0 ? 'by' : 'else by', caseText(each, cases.length > 1)])
  const again = judgedOn.length > 0 ? `; judged alike on ${judgedOn.join(', ')}` : ''
  const decided: Line[] = decidedOn.length > 0 ? [['decided', `on ${decidedOn.join(', ')}${again}`]] : []
  return [
    ['from', endText(src)],
    ['to', endText(dst)],
    [way.way === 'none' ? 'no way' : 'way', text],
    ...rules,
    ...decided,
    ...notes.map((note): Line => ['but', note]),
    ...(change ? changeLines(change, way.way === 'none') : []),
  ]
}

function caseText({ passes, rule }: WhyCaseJson, isMixed: boolean): string {
  if (!rule) return isMixed ? 'no rule: what none matches passes' : 'no rule matches, so it passes'
  const whose = rule.direction === 'in' ? "the receiver's" : "the sender's"
  const said = `rule ${rule.ruleId} of policy ${rule.policyName}: ${rule.text} (policy of ${whose} group ${rule.groupName})`
  return isMixed ? `${said}: ${passes ? 'passes' : 'does not pass'}` : said
}

function changeLines({ passes, commands, remedy }: NonNullable<WhyWayJson['change']>, isWay: boolean): Line[] {
  const label = passes ? 'to allow' : 'to deny'
  // the remedy of a missing way has its command in it, with the host to type it on
  const lines = isWay ? [remedy] : [...commands, ...(remedy === '' ? [] : [remedy])]
  return lines.map((line, at) => [at === 0 ? label : '', line])
}

function endText(end: WhyEndJson): string {
  const { kind, ipAddress = 'no IPv6 address', groupName, homingHost = '', members = 0 } = end
  const network = end.networkName === undefined ? '' : dockerName(end.tenantName, end.networkName)
  if (kind === 'outside') return `${ipAddress}, outside of the networks of tenant ${end.tenantName}`
  if (kind === 'unused') return `${ipAddress} of network ${network}`
  if (kind === 'group') return `group ${groupName} of network ${network}, ${members} members`
  const name = end.containerName || end.containerID?.slice(0, 12) || 'a container'
  return `${name}, ${ipAddress}, ${groupName ? `group ${groupName} of ` : ''}network ${network}, on ${homingHost}`
}

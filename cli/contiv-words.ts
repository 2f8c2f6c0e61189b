/** Contiv's words for what is wrong with a command line, which netctl says. */
import { isIPv4, isIPv6 } from 'node:net'

/** What a missing argument is: by noun, then by verb. */
const required: Readonly<Record<string, string>> = {
  tenant: 'Tenant name required',
  network: 'Network name required',
  'group create': 'Network and group name required',
  group: 'EndpointGroup name required',
  'policy rule-add': 'Policy name and Rule ID required',
  'policy rule-rm': 'Policy name and Rule ID required',
  policy: 'Policy name required',
  netprofile: 'Net profile name required',
  endpoint: 'Endpoint name required',
}

/** @param code of commander's error. @param path `netctl policy rule-add`. */
export function argumentsText(code: string, path: string): string | undefined {
  if (code === 'commander.excessArguments') return 'More arguments than required'
  if (code !== 'commander.missingArgument') return undefined
  const [, noun = '', verb = ''] = path.split(' ')
  return required[`${noun} ${verb}`] ?? required[noun]
}

/** What Contiv's client sees wrong with the flags of `network create`, before it asks anybody; undefined if nothing is. */
export function networkText(flags: { subnet?: string; gateway?: string; gatewayv6?: string }): string | undefined {
  if (!flags.subnet) return 'Subnet is required'
  if (flags.gateway && !isIPv4(flags.gateway)) return 'Invalid gateway - Enter in A.B.C.D format'
  return flags.gatewayv6 && !isIPv6(flags.gatewayv6) ? 'Invalid IPv6 gateway' : undefined
}

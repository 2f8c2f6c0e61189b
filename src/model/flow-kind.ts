/** What kind of packets a question is about: `tcp/80`, `tcp` for all its ports, `icmp`, `132`. */
import { SkeinError } from '../lib/errors.ts'
import { checkProtocol, protocolNumber } from './rule.ts'

export interface FlowKind {
  /** IPv4 protocol number. */
  readonly protocol: number
  /** Its name where rules have one, else the number. */
  readonly name: string
  /** First and last destination port; both 0 for protocols without. */
  readonly ports: readonly [first: number, last: number]
  /** 0 for all. */
  readonly port: number
}

/** Throws `invalid`. */
export function parseFlowKind(text: string): FlowKind {
  const [protocolText = '', portText, ...rest] = text.split('/')
  if (protocolText === '' || rest.length > 0) throw malformed(text)
  const name = checkProtocol(protocolText)
  const protocol = protocolNumber(name) ?? 0
  const hasPorts = name === 'tcp' || name === 'udp'
  if (portText === undefined) return { protocol, name, ports: hasPorts ? [1, 65_535] : [0, 0], port: 0 }
  if (!hasPorts) throw new SkeinError('invalid', `${name} has no ports: ask for ${name} alone`)
  const port = /^\d{1,5}$/.test(portText) ? Number(portText) : 0
  if (port < 1 || port > 65_535)
    throw new SkeinError('invalid', `port ${JSON.stringify(portText)} is invalid: use 1 to 65535`)
  return { protocol, name, ports: [port, port], port }
}

function malformed(text: string): SkeinError {
  return new SkeinError(
    'invalid',
    `${JSON.stringify(text)} is no protocol: write it like tcp/80, udp/53, tcp, icmp or a number from 0 to 255`,
  )
}

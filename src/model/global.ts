/** Settings of the whole mesh, under Contiv's names. */
import { SkeinError } from '../lib/errors.ts'

export interface GlobalSettings {
  readonly fabricMode: string
  /** `1-4094`: VLAN ids that Skein may choose from. */
  readonly vlans: string
  /** `8388608-16777214`: VNIs that Skein may choose from. */
  readonly vxlans: string
  readonly fwdMode: string
  readonly arpMode: string
  readonly privateSubnet: string
}

export const globalFields = ['fabricMode', 'vlans', 'vxlans', 'fwdMode', 'arpMode', 'privateSubnet'] as const

/** What holds while nobody has set anything. */
export const globalDefaults: GlobalSettings = {
  fabricMode: 'default',
  vlans: '1-4094',
  vxlans: '8388608-16777214',
  fwdMode: 'bridge',
  arpMode: 'proxy',
  privateSubnet: '172.19.0.0/16',
}

export type GlobalRequest = { [F in keyof GlobalSettings]?: string | undefined }

/** The given settings, checked; '' counts as not given, as in Contiv. Throws `invalid` or `unsupported`. */
export function checkGlobal(request: GlobalRequest): Partial<GlobalSettings> {
  const only = (field: keyof GlobalSettings, what: string, others: readonly string[]) => {
    const value = request[field]
    if (!value || value === globalDefaults[field]) return
    if (others.includes(value)) {
      throw new SkeinError('unsupported', `${what} ${value} is not supported: Skein has ${globalDefaults[field]} alone`)
    }
    throw new SkeinError('invalid', `${what} ${JSON.stringify(value)} is invalid: use ${globalDefaults[field]}`)
  }
  only('fabricMode', 'fabric mode', ['aci', 'aci-opflex'])
  only('fwdMode', 'forwarding mode', ['routing'])
  only('arpMode', 'ARP mode', ['flood'])
  if (request.privateSubnet && request.privateSubnet !== globalDefaults.privateSubnet) {
    throw new SkeinError('unsupported', 'Skein has no private subnet: leave out --private-subnet')
  }
  const checked = {
    vlans: checkRange('VLAN range', request.vlans, 4094),
    vxlans: checkRange('VXLAN range', request.vxlans, 0xfffffe),
  }
  const given = globalFields.filter(field => request[field])
  return Object.fromEntries(given.map(field => [field, { ...request, ...checked }[field]]))
}

/** The numbers of a range; undefined if the text is none. */
export function rangeOf(text: string, max: number): { first: number; last: number } | undefined {
  const match = /^(\d{1,8})-(\d{1,8})$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  return match && first >= 1 && last >= first && last <= max ? { first, last } : undefined
}

function checkRange(what: string, text: string | undefined, max: number): string | undefined {
  if (!text) return text
  const range = rangeOf(text, max)
  if (range) return `${range.first}-${range.last}`
  throw new SkeinError(
    'invalid',
    `${what} ${JSON.stringify(text)} is invalid: write two numbers of 1 to ${max}, like 100-200`,
  )
}

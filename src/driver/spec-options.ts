/** The options that say how Skein makes a network, given to Docker with `-o`, and perhaps with `--ipam-opt` too. */
import { SkeinError } from '../lib/errors.ts'
import { defaultTenant } from '../model/names.ts'

/** Also written `skein.tenant` and so on; all others are the user's own. */
export const specOptions = ['tenant', 'group', 'encap', 'pkt-tag'] as const

type SpecOption = (typeof specOptions)[number]

export type Options = Readonly<Record<string, unknown>>

/** What options say, as it was written. */
export type Said = Readonly<Partial<Record<SpecOption, string>>>

/** What holds where nothing is said. */
const unsaid: Readonly<Record<SpecOption, string>> = {
  tenant: defaultTenant,
  group: '',
  encap: 'vxlan',
  'pkt-tag': '0',
}

/** What the option says in either form; undefined if it is not given. Throws `invalid` if it is no text. */
export function said(options: Options, name: SpecOption): string | undefined {
  const value = options[`skein.${name}`] ?? options[name]
  if (value === undefined || typeof value === 'string') return value
  throw new SkeinError('invalid', `the ${name} is no text: write -o ${name}=VALUE`)
}

/** All that they say. Throws `invalid` if some of it is no text. */
export function saidIn(options: Options): Said {
  const pairs = specOptions.map(name => [name, said(options, name)] as const)
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined))
}

/** Throws `invalid` if `--ipam-opt` says something else than `-o`: it may say less. */
export function checkAgree(ofAddresses: Said, ofNetwork: Said): void {
  for (const name of specOptions) {
    const value = ofAddresses[name]
    if (value === undefined || value === (ofNetwork[name] ?? unsaid[name])) continue
    const meant = value === '' ? `leave out -o ${name}` : `write -o ${name}=${value}`
    throw new SkeinError('invalid', `the ${name} of --ipam-opt is not that of -o: leave out --ipam-opt, or ${meant}`)
  }
}

/** What Contiv's `netctl` has and Skein does not: named, so that a script is told why, and what to do instead. */
import type { Command } from 'commander'
import { SkeinError } from '../src/lib/errors.ts'

const nouns: Readonly<Record<string, string>> = {
  'aci-gw': 'Skein knows no ACI fabric: leave it out',
  'app-profile':
    'application profiles are of ACI alone: use groups with policies: netctl group create NETWORK GROUP --policy=POLICY',
  bgp: 'Skein speaks no BGP: use networks with a gateway: netctl net create --gateway',
  'external-contracts': 'external contracts are of ACI alone: use policies: netctl policy create',
  login: 'the API has no login: whoever may use the socket of skeind may use netctl',
  service: 'Skein balances no services: the name of a group is answered with all its members',
}

/** Each noun takes whatever follows it and refuses. */
export function addContivOnly(program: Command): void {
  for (const [noun, text] of Object.entries(nouns)) {
    program
      .command(noun, { hidden: true })
      .argument('[words...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw new SkeinError('unsupported', `${noun} is not supported: ${text}`)
      })
  }
}

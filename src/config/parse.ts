/** Flags and environment -> settings, with every problem reported at once. */
import type { z } from 'zod'
import { helpText } from './help.ts'
import { envName, flagName } from './names.ts'
import { meshPort, settingsSchema } from './settings.ts'

/** skeind's settings, complete: what was not given has its default. */
export type Config = Omit<z.output<typeof settingsSchema>, 'vtepAddress' | 'join' | 'apiListen' | 'vlanUplink'> & {
  vtepAddress: string
  join: string | undefined
  vlanUplink: string | undefined
  apiListen: { address: string; port: number } | undefined
}

/** What only the machine can say. */
export interface ConfigDefaults {
  hostname: string
  /** Address of the default route's interface; undefined if there is no default route. */
  defaultAddress: string | undefined
  /** What /etc/machine-id says; '' where it says nothing. @default '' */
  machineId?: string
}

export type ParsedConfig =
  | { kind: 'run'; config: Config }
  | { kind: 'help'; text: string }
  | { kind: 'version' }
  /** One line each; the caller prints them and ends with exit code 2. */
  | { kind: 'problems'; problems: string[] }

interface Given {
  /** Where the value came from, as the user wrote it. */
  source: string
  value: string
}

interface Flags {
  given: Map<string, Given>
  problems: string[]
  asked: 'help' | 'version' | undefined
}

/**
 * Reads the command line (without node and the script) and the environment. An empty environment variable counts as
 * not set. `env` may hold anything else; unknown flags are problems.
 */
export function parseConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  defaults: ConfigDefaults,
): ParsedConfig {
  const settings = Object.keys(settingsSchema.shape)
  const { given, problems, asked } = readFlags(argv, settings)
  if (asked === 'help') return { kind: 'help', text: helpText() }
  if (asked === 'version') return { kind: 'version' }
  for (const setting of settings) {
    const value = env[envName(setting)]
    if (value && !given.has(setting)) given.set(setting, { source: envName(setting), value })
  }
  addMachineDefaults(given, defaults)
  const result = settingsSchema.safeParse(
    Object.fromEntries([...given].map(([setting, { value }]) => [setting, value])),
  )
  if (!result.success) {
    for (const issue of result.error.issues) problems.push(problemText(String(issue.path[0]), issue.message, given))
  }
  if (problems.length > 0 || !result.success) return { kind: 'problems', problems }
  const { join, vlanUplink, apiListen, vtepAddress, ...rest } = result.data
  return {
    kind: 'run',
    config: { ...rest, join, vlanUplink, apiListen, vtepAddress: vtepAddress ?? rest.listen.address },
  }
}

function addMachineDefaults(
  given: Map<string, Given>,
  { hostname, defaultAddress, machineId = '' }: ConfigDefaults,
): void {
  if (!given.has('machineId'))
    given.set('machineId', { source: '/etc/machine-id (give --machine-id)', value: machineId })
  if (!given.has('name')) given.set('name', { source: 'hostname (give --name)', value: hostname })
  if (given.has('listen') || defaultAddress === undefined) return
  given.set('listen', { source: "the default route's address (give --listen)", value: `${defaultAddress}:${meshPort}` })
}

function problemText(setting: string, message: string, given: ReadonlyMap<string, Given>): string {
  const found = given.get(setting)
  if (!found) return message
  // a token is a secret: problems end up in logs
  return setting === 'join'
    ? `${found.source}: ${message}`
    : `${found.source}: ${JSON.stringify(found.value)} ${message}`
}

/** One or two dashes; `=` or a space before the value; the last of several wins. */
function readFlags(argv: readonly string[], settings: readonly string[]): Flags {
  const byFlag = new Map(settings.map(setting => [flagName(setting), setting]))
  const flags: Flags = { given: new Map(), problems: [], asked: undefined }
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string
    const [, name, inline] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(word) ?? []
    if (name === undefined) {
      flags.problems.push(`unexpected argument ${JSON.stringify(word)}: skeind takes flags only, see skeind --help`)
      continue
    }
    if (name === 'help' || name === 'h' || name === 'version') {
      flags.asked ??= name === 'version' ? 'version' : 'help'
      continue
    }
    const next = argv[at + 1]
    const spaced = inline === undefined && next !== undefined && !next.startsWith('-')
    if (spaced) at++
    const setting = byFlag.get(name)
    const value = spaced ? next : inline
    if (setting === undefined) flags.problems.push(`unknown flag --${name}: see skeind --help`)
    else if (value === undefined) flags.problems.push(`--${name} needs a value: see skeind --help`)
    else flags.given.set(setting, { source: `--${name}`, value })
  }
  return flags
}

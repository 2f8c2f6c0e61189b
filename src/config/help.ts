/** The help text of skeind, from the schema of its settings. */
import { envName, flagName } from './names.ts'
import { type SettingMeta, settingsSchema } from './settings.ts'

export function helpText(): string {
  const rows = Object.entries(settingsSchema.shape).map(([setting, field]) => {
    const { value, description, otherwise } = field.meta() as unknown as SettingMeta
    const shown = otherwise ?? String(field.parse(undefined))
    return {
      flag: `--${flagName(setting)} ${value}`,
      env: envName(setting),
      text: `${description} (default: ${shown})`,
    }
  })
  const flagWidth = Math.max(...rows.map(row => row.flag.length))
  const envWidth = Math.max(...rows.map(row => row.env.length))
  return [
    'skeind networks the containers of this host with those of the other hosts of its mesh.',
    '',
    'Usage: skeind [flags]',
    '',
    'Each flag can be given by the environment variable next to it; the flag wins.',
    '',
    ...rows.map(row => `  ${row.flag.padEnd(flagWidth)}  ${row.env.padEnd(envWidth)}  ${row.text}`),
    `  ${'--help'.padEnd(flagWidth)}  ${''.padEnd(envWidth)}  print this text`,
    `  ${'--version'.padEnd(flagWidth)}  ${''.padEnd(envWidth)}  print the version`,
    '',
  ].join('\n')
}

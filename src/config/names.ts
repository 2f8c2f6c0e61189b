/** How a setting is called on the command line and in the environment. */

/** `dataDir` -> `data-dir`: the flag's name without dashes. */
export function flagName(setting: string): string {
  return setting.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** `dataDir` -> `SKEIN_DATA_DIR`. */
export function envName(setting: string): string {
  return `SKEIN_${flagName(setting).replaceAll('-', '_').toUpperCase()}`
}

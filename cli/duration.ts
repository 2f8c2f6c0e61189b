/** Times as people write them. */
import { SkeinError } from '../src/lib/errors.ts'

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `30m`, `1h` or `7d` in ms. Throws `usage`; `flag` is named in the text. */
export function parseDuration(flag: string, text: string): number {
  const match = /^([1-9]\d{0,5})([smhd])$/.exec(text)
  if (!match)
    throw new SkeinError('usage', `${flag} ${JSON.stringify(text)} is no time: write it like 90s, 30m, 1h or 7d`)
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
}

/** IPv4 arithmetic: an address is an unsigned 32-bit number inside Skein and dotted text outside. */

/** Parses strict dotted-quad text (no leading zeros); undefined if it is anything else. */
export function parseIp(text: string): number | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text)
  if (!match) return undefined
  let value = 0
  for (const part of match.slice(1)) {
    const byte = Number(part)
    if (byte > 255) return undefined
    value = value * 256 + byte
  }
  return value
}

export function formatIp(ip: number): string {
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`
}

/** `02:02` and the four bytes of the address: Contiv's rule, which makes a MAC a function of the address. */
export function macOf(ip: number): string {
  return `02:02:${pair(ip >>> 24)}:${pair(ip >>> 16)}:${pair(ip >>> 8)}:${pair(ip)}`
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function pair(value: number): string {
  return pairs[value & 255] as string
}

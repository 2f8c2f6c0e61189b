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
  return ['02', '02', ...[24, 16, 8, 0].map(shift => ((ip >>> shift) & 255).toString(16).padStart(2, '0'))].join(':')
}

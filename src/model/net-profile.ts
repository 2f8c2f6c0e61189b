/** A network profile: how much a group's members may send, and how it is marked. */
import { SkeinError } from '../lib/errors.ts'

export interface NetProfile {
  /** `10Mbps`; '' for no limit. */
  readonly bandwidth: string
  /** 0 to 63. */
  readonly dscp: number
  /** KB above the bandwidth at once, 2 to 10486; 0 for the default. */
  readonly burst: number
}

export const noProfile: NetProfile = { bandwidth: '', dscp: 0, burst: 0 }

const form = /^([1-9]\d{0,8})\s*([kmg])(?:b|bps)?$/i
const units: Readonly<Record<string, string>> = { k: 'Kbps', m: 'Mbps', g: 'Gbps' }

/** The given fields, canonical; the others are left out. Throws `invalid`. */
export function checkNetProfile(request: {
  bandwidth?: string | undefined
  dscp?: number | undefined
  burst?: number | undefined
}): Partial<NetProfile> {
  const { bandwidth, dscp, burst } = request
  if (dscp !== undefined && (!Number.isInteger(dscp) || dscp < 0 || dscp > 63)) {
    throw new SkeinError('invalid', `DSCP ${dscp} is invalid: use 0 to 63`)
  }
  if (burst !== undefined && burst !== 0 && (!Number.isInteger(burst) || burst < 2 || burst > 10_486)) {
    throw new SkeinError('invalid', `burst ${burst} is invalid: use 2 to 10486 (KB), or 0 for the default`)
  }
  return {
    ...(bandwidth === undefined ? {} : { bandwidth: checkBandwidth(bandwidth) }),
    ...(dscp === undefined ? {} : { dscp }),
    ...(burst === undefined ? {} : { burst }),
  }
}

function checkBandwidth(text: string): string {
  if (text === '') return ''
  const match = form.exec(text)
  if (!match) {
    throw new SkeinError(
      'invalid',
      `bandwidth ${JSON.stringify(text)} is invalid: write it like "10 kbps", 100mbps or 1gbps`,
    )
  }
  return `${match[1]}${units[(match[2] ?? '').toLowerCase()]}`
}

/** What a simulation counts. */
import type { MadeKind } from './checks/promises-kept.ts'

/** Besides deeds, faults and conditions; many histories have to see each of them, or what is judged by it is never judged. */
export const usual = [
  ...['address given', 'address given by --ip', 'address refused', 'address of a pool given'],
  ...['IPv6 address given', 'IPv6 address given by --ip6'],
  ...['host admitted', 'joined again', 'succeeded its own key'],
  ...['left', 'leaving refused', 'leaving again at rest', 'key said to be lost', 'key said to be lost at rest'],
  ...['removal effective at rest', 'removal of hosts that are down effective at rest', 'removal lifted at rest'],
  ...['capacity asked', 'capacity asked after removals', 'capacity of a pool asked'],
  'act of a suspected writer that must live',
  ...['sync failed', 'write refused by a full disk', 'power lost in a write'],
  ...['journal rewritten', 'compact unit held at rest', 'batch compacted away at rest'],
] as const

/** Too rare to be waited for. Told histories have most of them (judges.test.ts, told/removals.ts); refusals are no judge's business. */
export const rare = [
  ...[
    'capacity asked of a copy just found out',
    'lost hosts removed at rest',
    'key refused to be said lost',
    'coming back refused',
    'joined again since it could not agree',
  ],
  ...[
    'condition succeeded that is due',
    'condition succeeded-twice that is due',
    'condition checkpoint-unjust that is due',
  ],
] as const

export type Counted =
  /** It was asked whether it is there. */
  | `${MadeKind} that must live`
  | (typeof usual)[number]
  | (typeof rare)[number]
  /** Done; also `in vain`, where there was nothing to do, and `refused`. */
  | `deed ${string}`
  /** It took effect. */
  | `fault ${string}`
  /** Shown at rest, with a cause; also `that is due`, where the history says that it must be there. */
  | `condition ${string}`

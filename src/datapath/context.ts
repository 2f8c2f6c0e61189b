/** What every part of the data path is handed. */
import type { Clock } from '../lib/clock.ts'
import type { Run } from '../lib/exec.ts'
import type { Logger } from '../lib/log.ts'
import type { NftChild } from '../lib/nft-child.ts'
import type { Books } from '../policy/index.ts'
import type { Replica } from '../replica/replica.ts'
import type { Namespaces } from './namespaces.ts'
import type { Routing } from './routing.ts'

export interface Context {
  readonly replica: Replica
  readonly clock: Clock
  readonly log: Logger
  readonly run: Run
  /** Reads the tables of the host's own namespace. */
  readonly looks: NftChild
  readonly namespaces: Namespaces
  readonly routing: Routing
  /** UDP port of VXLAN on the underlay. */
  readonly vxlanPort: number
  /** This host's address on the underlay, dotted. */
  readonly vtepAddress: string
  /** The interface that carries VLANs, by name; undefined if there is none. */
  readonly uplink: string | undefined
  /** Where the ends that Docker takes are made: path of a network namespace. */
  readonly hostNamespace: string
  readonly problems: Problems
  readonly books: Books
  /** Resolves once frames with this VNI are taken from members only; call it before a device receives them. */
  guardVni(vni: number): Promise<void>
  /** docker_gwbridge or one of its ports changed. */
  gatewayChanged(): void
  /** Asks for a full comparison soon: a command failed, so what the kernel holds is not certain. */
  compareSoon(): void
}

/** The standing errors that `status` shows, one per subject. */
export interface Problems {
  report(subject: string, text: string): void
  clear(subject: string): void
  list(): string[]
}

export function createProblems(log: Logger): Problems {
  const texts = new Map<string, string>()
  return {
    report(subject, text) {
      // once per cause: a standing problem is found again at each comparison
      if (texts.get(subject) !== text) log.warn({ subject, err: text }, 'data path problem')
      texts.set(subject, text)
    },
    clear(subject) {
      texts.delete(subject)
    },
    list: () => [...texts.values()],
  }
}

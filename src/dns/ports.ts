/** What names need of this host. */
import type { GroupId } from '../model/group.ts'
import type { NetworkId } from '../model/network.ts'

/** Docker, as the driver's client shows it; a call rejects when Docker does not answer. */
export interface DockerPort {
  /** A network by id or name with the endpoints in it, those of starting containers included; undefined if there is none. */
  inside(network: string): Promise<
    | {
        readonly gateway: string
        readonly endpoints: readonly {
          readonly container: string
          readonly endpointId: string
          /** Of both families. */
          readonly addresses: readonly string[]
        }[]
      }
    | undefined
  >
  /** A container by id; undefined if there is none. Answers only once the container has started. */
  container(id: string): Promise<{ readonly dns: readonly string[]; readonly resolvConf: string } | undefined>
}

/** Docker's ids, on this host, of one of our networks, or of a group on it. */
export type DockerIdsOf = (network: NetworkId, group: GroupId | undefined) => readonly string[]

/** A file's text; undefined if it cannot be read. */
export type ReadText = (path: string) => Promise<string | undefined>

/** A standing problem of this host, with what its operator can do. */
export interface NamesCondition {
  readonly text: string
  readonly remedy: string
}

/**
 * The handles that this host's Docker was given, among the facts of the host, and which of Docker's networks claimed which:
 * CreateNetwork tells tenant and group, that of a pool and its gateway, but not its id.
 */
import { randomBytes } from 'node:crypto'
import { SkeinError } from '../lib/errors.ts'
import type { LocalFacts } from '../replica/replica.ts'
import { baseOf, type Handle, isChosen, lengthOf, readHandle, writeHandle } from './pool-handle.ts'

/** Docker's network that a pool is of. */
export interface Claim {
  readonly dockerId: string
  readonly tenant: string
  /** Of a network that is to be a group's. */
  readonly group?: string | undefined
}

export interface PoolFact extends Handle {
  readonly handle: string
  /** Undefined until CreateNetwork comes. */
  readonly claim?: Claim
}

/** What `LocalFacts.set` takes. */
export type FactChange = readonly [key: string, value: string | undefined]

export interface PoolFacts {
  all(): PoolFact[]
  /** Those that no network has claimed. */
  open(): PoolFact[]
  /** Of this Docker network. */
  claimed(dockerId: string): PoolFact | undefined
  /** Of this handle. Where the handle went with this peer's data: the one that it can be. Throws if it can be several. */
  find(handle: string): PoolFact | undefined
  /** The one that CreateNetwork tells this of. */
  told(pool: string, gateway: string): PoolFact | undefined
  /** Durable when it resolves, with its handle. `address`: another gateway than the base, for a subnet that is to be chosen. */
  ask(pool: string, said: Handle['said'], address?: string): Promise<PoolFact>
  /** What makes it that network's. */
  claim(fact: PoolFact, claim: Claim): FactChange
  /** The claim of a network whose handle went with this peer's data. */
  restored(pool: string, gateway: string, claim: Claim): FactChange
  /** What makes it go. */
  drop(fact: PoolFact): FactChange
}

/** `prefix`: of their keys; a family has its own. */
export function createPoolFacts(local: LocalFacts, prefix: string): PoolFacts {
  const all = () => local.entries(prefix).flatMap(([key, value]) => read(key.slice(prefix.length), value) ?? [])
  const open = () => all().filter(fact => fact.claim === undefined)
  const of = (handle: string): PoolFact | undefined => {
    const value = local.get(prefix + handle)
    return value === undefined ? undefined : read(handle, value)
  }

  /** A gateway that no pool of this prefix has that is still open. */
  function freeGateway(pool: string, address: string): string {
    const taken = new Set(open().flatMap(fact => (fact.pool === pool ? lengthOf(fact.gateway) : [])))
    const longest = pool.includes(':') ? 128 : 32
    // the prefix's own is what one expects to see
    const lengths = [lengthOf(pool), ...Array.from({ length: longest }, (_, i) => longest - i)]
    const length = lengths.find(each => !taken.has(each))
    if (length !== undefined) return `${address}/${length}`
    throw new SkeinError('unavailable', `too many networks of ${pool} are being created at once: try again in a minute`)
  }

  return {
    all,
    open,
    claimed: dockerId => all().find(fact => fact.claim?.dockerId === dockerId),
    find(handle) {
      const exact = of(handle)
      const wanted = readHandle(handle)
      if (exact || !wanted) return exact
      const lost = all().filter(fact => isLost(fact) && mayBe(fact, wanted))
      if (lost.length < 2) return lost[0]
      throw new SkeinError(
        'unavailable',
        `skeind lost its data, and cannot tell which of this Docker's networks of ${wanted.pool} this is: remove it with ` +
          '"docker network rm", and create it again',
      )
    },
    told(pool, gateway) {
      const like = open().filter(fact => fact.pool === pool && lengthOf(fact.gateway) === lengthOf(gateway))
      return like.find(fact => fact.gateway === gateway) ?? like.find(fact => !isChosen(fact))
    },
    async ask(pool, said, address) {
      const gateway = address === undefined ? freeGateway(pool, baseOf(pool)) : `${address}/${lengthOf(pool)}`
      const asked = { pool, gateway, said }
      const handle = writeHandle(asked, randomBytes(6).toString('hex'))
      await local.set([[prefix + handle, '']])
      return { ...asked, handle }
    },
    claim: ({ handle }, claim) => [prefix + handle, write(claim)],
    restored: (pool, gateway, claim) => [
      prefix + writeHandle({ pool, gateway, said: {} }, claim.dockerId),
      write(claim),
    ],
    drop: ({ handle }) => [prefix + handle, undefined],
  }
}

function write({ dockerId, tenant, group }: Claim): string {
  return [dockerId, tenant, ...(group === undefined ? [] : [group])].join('|')
}

/** Earlier versions wrote Docker's id alone: their handles say tenant and group. */
function read(handle: string, value: string): PoolFact | undefined {
  const pool = readHandle(handle)
  if (!pool || value === '') return pool && { ...pool, handle }
  const { said } = pool
  const [dockerId = '', tenant = said.tenant ?? '', group = said.group || undefined] = value.split('|')
  return { ...pool, handle, claim: { dockerId, tenant, group } }
}

/** Whether its true handle is not known: it was restored. */
function isLost({ handle, claim }: PoolFact): boolean {
  return claim !== undefined && handle.endsWith(`|${claim.dockerId}`)
}

/** Whether that handle can be this one's. */
function mayBe(fact: PoolFact, { pool, gateway, said }: Handle): boolean {
  const { tenant, group = '' } = fact.claim ?? {}
  const isSame = isChosen({ pool, gateway }) ? fact.gateway === gateway : !isChosen(fact)
  const isSaid = (said.tenant ?? tenant) === tenant && (said.group ?? group) === group
  return fact.pool === pool && isSame && isSaid
}

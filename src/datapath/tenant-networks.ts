/** The networks of one tenant that exist on this host, as the kernel was last brought to: so a change of the state costs only what differs. */
import { errorText, SkeinError } from '../lib/errors.ts'
import type { NetworkId } from '../model/network.ts'
import { isRouted, type Materialised, materialise, problemOf, startUse, update } from './carrier.ts'
import type { Channel } from './channel.ts'
import type { Context } from './context.ts'
import type { Guards } from './guards.ts'
import { vxlanName } from './names.ts'
import { type Reading, readKernel } from './reading.ts'
import { usedNetworks } from './usage.ts'

/** What was just read. */
export interface Seen {
  readonly reading: Reading
  /** Networks that need entries. */
  readonly used: ReadonlySet<NetworkId>
}

/** To be used on the tenant's lane. */
export class TenantNetworks {
  readonly #tenant: string
  readonly #context: Context
  readonly #channel: Channel
  readonly #guards: Guards
  readonly #known = new Map<NetworkId, Materialised>()
  #inode: number | undefined

  constructor(tenant: string, context: Context, channel: Channel, guards: Guards) {
    this.#tenant = tenant
    this.#context = context
    this.#channel = channel
    this.#guards = guards
  }

  get size(): number {
    return this.#known.size
  }

  all(): Iterable<[NetworkId, Materialised]> {
    return this.#known
  }

  get(network: NetworkId): Materialised | undefined {
    return this.#known.get(network)
  }

  /**
   * The kernel as it is now; makes the namespace if it is missing.
   * @param only the network whose entries may be asked for; all networks' without it
   */
  async read(only?: NetworkId): Promise<Seen> {
    const { namespaces, run, replica } = this.#context
    const inode = await namespaces.ensure(this.#tenant)
    if (inode !== this.#inode) {
      await Promise.all([this.#channel.close(), this.#guards.close()]) // the children are in a namespace that is no more
      this.#guards.reset()
    }
    this.#inode = inode
    const reading = await readKernel(run, this.#channel.namespace, only && vxlanName(only))
    const { view, self } = replica
    return { reading, used: usedNetworks(view.networks(this.#tenant), view.endpointsOf(self), reading.links) }
  }

  /** Makes its devices or takes them over, and brings its entries up to date. Throws `not-found` for one that is not in the state. */
  async materialise(network: NetworkId, { reading, used }: Seen) {
    const record = this.#context.replica.view.network(network)
    if (record === undefined) {
      throw new SkeinError('not-found', `network ${network.slice(0, 12)} does not exist; run: skein net ls -a`)
    }
    await this.#guards.prepare(reading.links, network)
    const seen = { reading, isUsed: used.has(network) }
    const result = await materialise(this.#context, this.#channel, record, seen, this.#known.get(network))
    this.#known.set(network, result.state)
    this.#context.problems.clear(network)
    return result
  }

  /** Resolves with the number of entries that differed; 0 for one that is not here. */
  async update(network: NetworkId): Promise<number> {
    const known = this.#known.get(network)
    return known ? update(this.#context, this.#channel, network, known) : 0
  }

  /** A container on the network begins to send. Gives those that it sends into and that had no entries: they are to be updated. */
  use(network: NetworkId): NetworkId[] {
    const reached = [...this.#known].filter(([id, known]) => id === network || isRouted(known))
    return reached.filter(([, known]) => startUse(known)).map(([id]) => id)
  }

  /**
   * For containers that begin to send: MTUs of those of the networks that are now up to date, with all that is sent into from there. One
   * that is missing, off its wire or fails is left out.
   */
  async prepareAll(networks: ReadonlySet<NetworkId>): Promise<Map<NetworkId, number>> {
    const mtus = new Map<NetworkId, number>()
    for (const network of networks) {
      const known = this.#known.get(network)
      if (!known || problemOf(known)) continue
      try {
        for (const other of this.use(network)) await this.update(other)
        await this.update(network)
        mtus.set(network, known.mtu)
      } catch (error) {
        this.#context.log.info({ network, err: errorText(error) }, 'network is not up to date')
      }
    }
    return mtus
  }

  forget(network: NetworkId): void {
    this.#known.delete(network)
  }
}

/** Containers of one tenant that are attached: those that wait at the same time in one batch, each that this leaves out alone, with repairs. */
import { errorText, SkeinError } from '../lib/errors.ts'
import { type Materialised, problemOf, refusalOf } from './carrier.ts'
import type { Channel } from './channel.ts'
import type { Context } from './context.ts'
import type { Attachment } from './datapath.ts'
import type { Guards } from './guards.ts'
import type { Lane } from './lane.ts'
import { containerEnd } from './names.ts'
import { makePair, makePairs, type PairWishes } from './pairs.ts'
import { isUnicastMac } from './plan.ts'
import type { TenantNetworks } from './tenant-networks.ts'

/** Containers that are attached in one batch; the kernel takes 5 to 40 ms for each, and Docker is owed an answer to each. */
const maxTogether = 32

/** A call of `attach` that waits for its turn. */
interface Waiting {
  readonly attachment: Attachment
  resolve(result: { ifName: string; mtu: number }): void
  reject(error: unknown): void
}

export interface AttachingDeps {
  readonly context: Context
  readonly channel: Channel
  readonly guards: Guards
  readonly networks: TenantNetworks
  readonly lane: Lane
}

export class Attaching {
  readonly #deps: AttachingDeps
  readonly #waiting: Waiting[] = []

  constructor(deps: AttachingDeps) {
    this.#deps = deps
  }

  /** Makes the pair; the entries of all known remote endpoints are in place when it resolves. */
  attach(attachment: Attachment): Promise<{ ifName: string; mtu: number }> {
    if (!isUnicastMac(attachment.mac))
      return Promise.reject(
        new SkeinError('invalid', `MAC ${attachment.mac} is invalid: use one like 02:02:0a:01:01:02`),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ attachment, resolve, reject })
      if (this.#waiting.length === 1) void this.#deps.lane.run(() => this.#attachWaiting())
    })
  }

  /** Those that wait by now, in one batch: when many containers start at once, most of the time goes into waiting for one's turn. */
  async #attachWaiting(): Promise<void> {
    const { context, channel, networks, lane } = this.#deps
    const jobs = this.#waiting.splice(0, maxTogether)
    if (this.#waiting.length > 0) void lane.run(() => this.#attachWaiting())
    const wishes = new Map<Attachment, PairWishes>()
    const mtus = await networks.prepareAll(new Set(jobs.map(job => job.attachment.network)))
    for (const { attachment } of jobs) {
      const mtu = mtus.get(attachment.network)
      if (mtu !== undefined) wishes.set(attachment, { ...attachment, mtu })
    }
    const admitted = await this.#admit([...wishes.keys()])
    const made = await makePairs(context, channel, admitted ? [...wishes.values()] : [])
    for (const { attachment, resolve, reject } of jobs) {
      const wish = wishes.get(attachment)
      if (wish && made.has(wish)) resolve({ ifName: containerEnd(wish.endpointId), mtu: wish.mtu })
      else await this.#attachAlone(attachment).then(resolve, reject)
    }
  }

  /** False if the guards are not as they must be: then no container may speak. */
  async #admit(attachments: readonly Attachment[]): Promise<boolean> {
    const { context, guards } = this.#deps
    try {
      await guards.admit(attachments)
      return true
    } catch (error) {
      context.log.warn({ err: errorText(error) }, 'containers are not guarded, repairing')
      return false
    }
  }

  /** With repairs, for what the common batch did not do. */
  async #attachAlone(attachment: Attachment): Promise<{ ifName: string; mtu: number }> {
    const { context, guards, networks } = this.#deps
    const { network, endpointId, mac } = attachment
    const warm = networks.get(network)
    const isUsable = warm !== undefined && problemOf(warm) === undefined
    const known = isUsable ? warm : (await networks.materialise(network, await networks.read(network))).state
    const refusal = refusalOf(context, network, known)
    if (refusal) throw refusal
    await guards.admit([attachment])
    const failure = await this.#connect(known, attachment)
    if (failure === '') return { ifName: containerEnd(endpointId), mtu: known.mtu }
    // the kernel is not as remembered (someone removed a device): once more from what it really has
    context.log.warn({ network, endpoint: endpointId, err: failure }, 'attach failed, repairing the network')
    const { state } = await networks.materialise(network, await networks.read(network))
    const text = await this.#connect(state, { network, endpointId, mac })
    if (text !== '')
      throw new SkeinError('unavailable', `container interface cannot be made: ${text}; run: skein status`)
    return { ifName: containerEnd(endpointId), mtu: state.mtu }
  }

  /** '' or why not. */
  async #connect({ mtu }: Materialised, { network, endpointId, mac }: Omit<PairWishes, 'mtu'>): Promise<string> {
    const { context, channel, networks } = this.#deps
    let failure: string
    try {
      for (const other of networks.use(network)) await networks.update(other)
      await networks.update(network)
      failure = await makePair(context, channel, { network, endpointId, mac, mtu })
    } catch (error) {
      failure = errorText(error)
    }
    if (failure !== '') await channel.close() // in case it remembers a device that was replaced meanwhile
    return failure
  }
}

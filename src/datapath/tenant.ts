/**
 * The networks of one tenant that exist on this host: one namespace, one lane (one task at a time), one `ip` and one
 * `bridge` child. What the kernel was last brought to is in memory, so a change of the state costs only what differs.
 */
import { errorText, SkeinError } from '../lib/errors.ts'
import type { NetworkId } from '../model/network.ts'
import { isRouted, type Materialised, materialise, problemOf, refusalOf, startUse, tagOf, update } from './carrier.ts'
import { type Channel, createChannel } from './channel.ts'
import type { Context } from './context.ts'
import type { Attachment } from './datapath.ts'
import { createGuards, type Guards } from './guards.ts'
import { createLane } from './lane.ts'
import { readLinks } from './links.ts'
import { bridgeName, containerEnd, isBridgeEnd, isOurDevice, vlanName, vxlanName } from './names.ts'
import { makePair, makePairs, type PairWishes, removePair } from './pairs.ts'
import { isUnicastMac } from './plan.ts'
import { type Reading, readKernel } from './reading.ts'
import { usedNetworks } from './usage.ts'
import type { OffWire } from './wire-problem.ts'

/** Containers that are attached in one batch; the kernel takes 5 to 40 ms for each, and Docker is owed an answer within 8 s. */
const maxTogether = 32

/** What was just read. */
interface Seen {
  readonly reading: Reading
  /** Networks that need entries. */
  readonly used: ReadonlySet<NetworkId>
}

/** A call of `attach` that waits for its turn. */
interface Waiting {
  readonly attachment: Attachment
  resolve(result: { ifName: string; mtu: number }): void
  reject(error: unknown): void
}

export class Tenant {
  readonly #tenant: string
  readonly #context: Context
  readonly #channel: Channel
  readonly #guards: Guards
  readonly #lane = createLane()
  readonly #networks = new Map<NetworkId, Materialised>()
  readonly #waiting: Waiting[] = []
  /** Of problems with the guards. */
  readonly #subject: string
  #inode: number | undefined

  constructor(tenant: string, context: Context) {
    this.#tenant = tenant
    this.#context = context
    this.#channel = createChannel(tenant, context.clock)
    this.#guards = createGuards(tenant, context)
    this.#subject = `guards of ${tenant}`
  }

  /** Makes or takes over the network's devices and brings their entries up to date. Resolves with the VNI, or the VLAN. */
  ensure(network: NetworkId): Promise<number> {
    return this.#lane.run(async () => tagOf((await this.#materialise(network, await this.#read())).state))
  }

  /** Takes the network's devices away, and the namespace with the last of its networks. */
  remove(network: NetworkId): Promise<void> {
    return this.#lane.run(async () => {
      if (!(await this.#context.namespaces.exists(this.#tenant))) return
      const links = await readLinks(this.#context.run, this.#channel.namespace)
      const bridge = bridgeName(network)
      const ports = [...links.values()].filter(link => link.master === bridge && isBridgeEnd(link.name))
      const doomed = [...ports.map(port => port.name), vxlanName(network), vlanName(network), bridge].filter(name =>
        links.has(name),
      )
      const commands = doomed.map(name => ({ line: `link del ${name}`, ignore: /Cannot find device/ })) // gone meanwhile
      const [failure] = await this.#channel.ip.run(commands)
      if (failure) throw new SkeinError('unavailable', `${failure.line}: ${failure.text}; run: skein status`)
      this.#networks.delete(network)
      await this.#guards.forget(network)
      this.#context.problems.clear(network)
      if (doomed.length === 0 || [...links.keys()].some(name => isOurDevice(name) && !doomed.includes(name))) return
      await Promise.all([this.#channel.close(), this.#guards.close()]) // a process inside would keep the namespace and its VNIs alive
      await this.#context.namespaces.remove(this.#tenant)
      this.#guards.reset()
    })
  }

  /** Makes the pair; the entries of all known remote endpoints are in place when it resolves. */
  attach(attachment: Attachment): Promise<{ ifName: string; mtu: number }> {
    if (!isUnicastMac(attachment.mac))
      return Promise.reject(
        new SkeinError('invalid', `MAC ${attachment.mac} is invalid: use one like 02:02:0a:01:01:02`),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ attachment, resolve, reject })
      if (this.#waiting.length === 1) void this.#lane.run(() => this.#attachWaiting())
    })
  }

  /** Removes the pair, wherever its ends are. */
  detach(endpointId: string): Promise<void> {
    return this.#lane.run(async () => {
      if (await this.#context.namespaces.exists(this.#tenant)) {
        await removePair(this.#context, this.#channel, endpointId)
        await this.#guards.release(endpointId)
      }
    })
  }

  /** Brings every network of the tenant up to date with the state. Never rejects: what fails is reported. */
  update(): Promise<void> {
    if (this.#networks.size === 0) return Promise.resolve()
    return this.#lane.run(async () => {
      for (const [network, known] of this.#networks) {
        await this.#attempt(network, () => update(this.#context, this.#channel, network, known))
      }
      await this.#attempt(this.#subject, () => this.#guards.update())
    })
  }

  /** Compares everything with the kernel and takes over what an earlier run left. Resolves with the number of repairs. */
  compare(): Promise<number> {
    return this.#lane.run(async () => {
      const records = this.#context.replica.view.networks(this.#tenant)
      if (records.length === 0) return 0
      if (this.#networks.size === 0 && !(await this.#context.namespaces.exists(this.#tenant))) return 0
      for (const [network, known] of this.#networks) {
        await this.#attempt(network, () => update(this.#context, this.#channel, network, known))
      }
      const seen = await this.#read()
      const { links } = seen.reading
      const isHere = (id: NetworkId) => [vxlanName, vlanName, bridgeName].some(name => links.has(name(id)))
      let repaired = 0
      // a network that is gone from the state is left alone: removing it is up to who has the evidence (I5)
      for (const { id } of records) {
        if (!this.#networks.has(id) && !isHere(id)) continue
        repaired += await this.#attempt(id, async () => (await this.#materialise(id, seen)).repaired)
      }
      return repaired
    })
  }

  /** VLAN networks that do not reach their wire from here. */
  offWire(): OffWire[] {
    const { view, self } = this.#context.replica
    return [...this.#networks].flatMap(([id, known]) => {
      const problem = problemOf(known)
      if (!problem) return []
      const isUsed = view.endpoints(id).some(endpoint => endpoint.owner === self)
      return [{ name: view.network(id)?.name ?? id.slice(0, 12), isUsed, problem }]
    })
  }

  /**
   * Compares the guards of containers with the kernel; resolves with the number of repairs. Never rejects. Thousands of rules take
   * a while to read: who changes them does not wait for that.
   */
  async verify(): Promise<number> {
    const look = await this.#guards.look()
    return this.#lane.run(() => this.#attempt(this.#subject, () => this.#guards.verify(look)))
  }

  /** Waits for running tasks and ends the children; the kernel stays as it is. */
  async close(): Promise<void> {
    await this.#lane.idle()
    await Promise.all([this.#channel.close(), this.#guards.close()])
  }

  /** Those that wait by now, in one batch: when many containers start at once, most of the time goes into waiting for one's turn. */
  async #attachWaiting(): Promise<void> {
    const jobs = this.#waiting.splice(0, maxTogether)
    if (this.#waiting.length > 0) void this.#lane.run(() => this.#attachWaiting())
    const wishes = new Map<Attachment, PairWishes>()
    const networks = jobs.map(job => job.attachment.network)
    const mtus = await this.#updateAll(new Set([...networks, ...networks.flatMap(network => this.#use(network))]))
    for (const { attachment } of jobs) {
      const mtu = mtus.get(attachment.network)
      if (mtu !== undefined) wishes.set(attachment, { ...attachment, mtu })
    }
    const admitted = await this.#admit([...wishes.keys()])
    const made = await makePairs(this.#context, this.#channel, admitted ? [...wishes.values()] : [])
    for (const { attachment, resolve, reject } of jobs) {
      const wish = wishes.get(attachment)
      if (wish && made.has(wish)) resolve({ ifName: containerEnd(wish.endpointId), mtu: wish.mtu })
      else await this.#attachAlone(attachment).then(resolve, reject)
    }
  }

  /** MTUs of those networks that are now up to date; what is missing or fails is left to `#attachAlone`, which repairs. */
  async #updateAll(networks: ReadonlySet<NetworkId>): Promise<Map<NetworkId, number>> {
    const mtus = new Map<NetworkId, number>()
    for (const network of networks) {
      const known = this.#networks.get(network)
      if (!known || problemOf(known)) continue
      try {
        await update(this.#context, this.#channel, network, known)
        mtus.set(network, known.mtu)
      } catch (error) {
        this.#context.log.info({ network, err: errorText(error) }, 'network is not up to date')
      }
    }
    return mtus
  }

  /** False if the guards are not as they must be: then no container may speak. */
  async #admit(attachments: readonly Attachment[]): Promise<boolean> {
    try {
      await this.#guards.admit(attachments)
      return true
    } catch (error) {
      this.#context.log.warn({ err: errorText(error) }, 'containers are not guarded, repairing')
      return false
    }
  }

  /** With repairs, for what the common batch did not do. */
  async #attachAlone(attachment: Attachment): Promise<{ ifName: string; mtu: number }> {
    const { network, endpointId, mac } = attachment
    const warm = this.#networks.get(network)
    const isUsable = warm !== undefined && problemOf(warm) === undefined
    const known = isUsable ? warm : (await this.#materialise(network, await this.#read())).state
    const refusal = refusalOf(this.#context, network, known)
    if (refusal) throw refusal
    await this.#guards.admit([attachment])
    const failure = await this.#connect(known, { network, endpointId, mac, mtu: known.mtu })
    if (failure === '') return { ifName: containerEnd(endpointId), mtu: known.mtu }
    // the kernel is not as remembered (someone removed a device): once more from what it really has
    this.#context.log.warn({ network, endpoint: endpointId, err: failure }, 'attach failed, repairing the network')
    const { state } = await this.#materialise(network, await this.#read())
    const text = await this.#connect(state, { network, endpointId, mac, mtu: state.mtu })
    if (text !== '')
      throw new SkeinError('unavailable', `container interface cannot be made: ${text}; run: skein status`)
    return { ifName: containerEnd(endpointId), mtu: state.mtu }
  }

  async #connect(known: Materialised, wishes: PairWishes): Promise<string> {
    let failure: string
    try {
      for (const other of this.#use(wishes.network)) await this.#update(other)
      await update(this.#context, this.#channel, wishes.network, known)
      failure = await makePair(this.#context, this.#channel, wishes)
    } catch (error) {
      failure = errorText(error)
    }
    if (failure !== '') await this.#channel.close() // in case it remembers a device that was replaced meanwhile
    return failure
  }

  /** A container on the network begins to send. Gives those that it sends into and that had no entries. */
  #use(network: NetworkId): NetworkId[] {
    const reached = [...this.#networks].filter(([id, known]) => id === network || isRouted(known))
    return reached.filter(([, known]) => startUse(known)).map(([id]) => id)
  }

  async #update(network: NetworkId): Promise<void> {
    const known = this.#networks.get(network)
    if (known) await update(this.#context, this.#channel, network, known)
  }

  async #materialise(network: NetworkId, { reading, used }: Seen) {
    const record = this.#context.replica.view.network(network)
    if (record === undefined) {
      throw new SkeinError('not-found', `network ${network.slice(0, 12)} does not exist; run: skein net ls -a`)
    }
    await this.#guards.prepare(reading.links, network)
    const seen = { reading, isUsed: used.has(network) }
    const result = await materialise(this.#context, this.#channel, record, seen, this.#networks.get(network))
    this.#networks.set(network, result.state)
    this.#context.problems.clear(network)
    return result
  }

  /** The kernel as it is now; makes the namespace if it is missing. */
  async #read(): Promise<Seen> {
    const { namespaces, run, replica } = this.#context
    const inode = await namespaces.ensure(this.#tenant)
    if (inode !== this.#inode) {
      await Promise.all([this.#channel.close(), this.#guards.close()]) // the children are in a namespace that is no more
      this.#guards.reset()
    }
    this.#inode = inode
    const reading = await readKernel(run, this.#channel.namespace)
    const used = usedNetworks(
      replica.view.networks(this.#tenant),
      replica.view.endpointsOf(replica.self),
      reading.links,
    )
    return { reading, used }
  }

  /** `subject`: a network, or the guards of them all. */
  async #attempt(subject: string, task: () => Promise<number>): Promise<number> {
    try {
      const repaired = await task()
      if (subject === this.#subject) this.#context.problems.clear(subject)
      return repaired
    } catch (error) {
      this.#context.problems.report(subject, errorText(error))
      this.#context.compareSoon()
      return 0
    }
  }
}

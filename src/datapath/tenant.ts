/** One tenant on this host: one namespace, one lane (one task at a time), one `ip` and one `bridge` child. */
import { errorText, SkeinError } from '../lib/errors.ts'
import type { NetworkId } from '../model/network.ts'
import { Attaching } from './attaching.ts'
import { problemOf, tagOf } from './carrier.ts'
import { type Channel, createChannel } from './channel.ts'
import type { Context } from './context.ts'
import type { Attachment } from './datapath.ts'
import { createGuards, type Guards } from './guards.ts'
import { createLane } from './lane.ts'
import { readLinks } from './links.ts'
import { bridgeName, isBridgeEnd, isOurDevice, vlanName, vxlanName } from './names.ts'
import { removePair } from './pairs.ts'
import { TenantNetworks } from './tenant-networks.ts'
import type { OffWire } from './wire-problem.ts'

export class Tenant {
  readonly #tenant: string
  readonly #context: Context
  readonly #channel: Channel
  readonly #guards: Guards
  readonly #lane = createLane()
  readonly #networks: TenantNetworks
  readonly #attaching: Attaching
  /** Of problems with the guards. */
  readonly #subject: string

  constructor(tenant: string, context: Context) {
    this.#tenant = tenant
    this.#context = context
    this.#channel = createChannel(tenant, context.clock)
    this.#guards = createGuards(tenant, context)
    this.#networks = new TenantNetworks(tenant, context, this.#channel, this.#guards)
    const [channel, guards, networks, lane] = [this.#channel, this.#guards, this.#networks, this.#lane]
    this.#attaching = new Attaching({ context, channel, guards, networks, lane })
    this.#subject = `guards of ${tenant}`
  }

  /** Makes or takes over the network's devices and brings their entries up to date. Resolves with the VNI, or the VLAN. */
  ensure(network: NetworkId): Promise<number> {
    return this.#lane.run(async () => {
      const { state } = await this.#networks.materialise(network, await this.#networks.read(network))
      return tagOf(state)
    })
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
      this.#networks.forget(network)
      await this.#guards.forget(network)
      this.#context.problems.clear(network)
      if (doomed.length === 0 || [...links.keys()].some(name => isOurDevice(name) && !doomed.includes(name))) return
      await Promise.all([this.#channel.close(), this.#guards.close()]) // a process inside would keep the namespace and its VNIs alive
      await this.#context.namespaces.remove(this.#tenant)
      this.#guards.reset()
    })
  }

  /** See `Attaching`. */
  attach(attachment: Attachment): Promise<{ ifName: string; mtu: number }> {
    return this.#attaching.attach(attachment)
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
      for (const [network] of this.#networks.all()) {
        await this.#attempt(network, () => this.#networks.update(network))
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
      for (const [network] of this.#networks.all()) {
        await this.#attempt(network, () => this.#networks.update(network))
      }
      const seen = await this.#networks.read()
      const { links } = seen.reading
      const isHere = (id: NetworkId) => [vxlanName, vlanName, bridgeName].some(name => links.has(name(id)))
      let repaired = 0
      // a network that is gone from the state is left alone: removing it is up to who has the evidence (I5)
      for (const { id } of records) {
        if (!this.#networks.get(id) && !isHere(id)) continue
        repaired += await this.#attempt(id, async () => (await this.#networks.materialise(id, seen)).repaired)
      }
      return repaired
    })
  }

  /** VLAN networks that do not reach their wire from here. */
  offWire(): OffWire[] {
    const { view, self } = this.#context.replica
    return [...this.#networks.all()].flatMap(([id, known]) => {
      const problem = problemOf(known)
      if (!problem) return []
      const isUsed = view.endpointsOf(self).some(({ network }) => network === id)
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

/** Builds the data path: tenants, host guards, the reaction to changes, and the regular comparisons. */
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import { type Run, run as systemRun } from '../lib/exec.ts'
import type { Logger } from '../lib/log.ts'
import { createNftChild } from '../lib/nft-child.ts'
import { nextHopOf } from '../model/gateway.ts'
import type { NetworkId } from '../model/network.ts'
import { createBooks } from '../policy/index.ts'
import type { Replica } from '../replica/replica.ts'
import { pauseAfterCheck } from './check-pause.ts'
import { type ContainerRoutes, createContainerRoutes, type Place } from './container-routes.ts'
import { type Context, createProblems } from './context.ts'
import type { Attachment, Datapath } from './datapath.ts'
import { createFirewall, type Firewall } from './firewall.ts'
import { Follower } from './follower.ts'
import { createLane } from './lane.ts'
import { createNamespaces } from './namespaces.ts'
import { createOutsideTable, type Outlets, type OutsideTable } from './outside-table.ts'
import { createProbe, type Probe } from './probe.ts'
import { createRouting } from './routing.ts'
import { readRuleCounters } from './rule-counters.ts'
import { Tenant } from './tenant.ts'
import { wireConditions } from './wire-problem.ts'

export interface DatapathDeps {
  replica: Replica
  clock: Clock
  log: Logger
  /** UDP port of VXLAN on the underlay. */
  vxlanPort: number
  /** This host's address on the underlay, dotted. */
  vtepAddress: string
  /** The interface that carries VLANs, by name. @default none */
  uplink?: string | undefined
  /** One-shot processes. @default lib/exec's */
  run?: Run
  /** Called when docker_gwbridge or one of its ports changed: then `setOutlets` should follow. */
  gatewayChanged?: () => void
}

/** Full comparison with the kernel: design.md. */
const compareMs = 30_000
/** After a failed command. */
const retryMs = 2_000

export function createDatapath(deps: DatapathDeps): Datapath {
  return new LinuxDatapath(deps)
}

class LinuxDatapath implements Datapath {
  readonly #context: Context
  readonly #firewall: Firewall
  readonly #probe: Probe
  readonly #outside: OutsideTable
  readonly #routes: ContainerRoutes
  readonly #lane = createLane()
  /** Of what follows from the state in the tenants' namespaces, and of the rules outside, which are worked out while the kernel takes the first. */
  readonly #followers: readonly Follower[]
  readonly #tenants = new Map<string, Tenant>()
  readonly #timers = new Map<'compare' | 'firewall', Timer>()
  #guarded: Promise<unknown> | undefined
  #unsubscribe: (() => void) | undefined
  #running = false
  #compareDueMs = Number.POSITIVE_INFINITY
  #lastCompareMs: number | undefined
  #repaired = 0

  constructor({ replica, clock, log, vxlanPort, vtepAddress, uplink, run = systemRun, ...deps }: DatapathDeps) {
    this.#context = {
      replica,
      clock,
      log,
      run,
      looks: createNftChild({ clock }),
      vxlanPort,
      vtepAddress,
      uplink,
      namespaces: createNamespaces(run),
      routing: createRouting(replica.view),
      hostNamespace: `/proc/${process.pid}/ns/net`,
      problems: createProblems(log),
      books: createBooks(replica.view),
      gatewayChanged: () => deps.gatewayChanged?.(),
      guardVni: vni => this.#firewall.guardVni(vni),
      compareSoon: () => this.#compareAfter(retryMs),
    }
    this.#firewall = createFirewall(this.#context)
    this.#probe = createProbe(this.#context)
    this.#outside = createOutsideTable(this.#context)
    this.#routes = createContainerRoutes(this.#context)
    this.#followers = [
      new Follower(clock, () => Promise.all([...this.#tenants.values()].map(tenant => tenant.update()))),
      new Follower(clock, () => this.#outside.update()),
    ]
  }

  async ensureNetwork(network: NetworkId): Promise<number> {
    await this.#guard()
    return this.#tenantOf(network).ensure(network)
  }

  async removeNetwork(network: NetworkId): Promise<void> {
    const record = this.#context.replica.view.network(network)
    if (record?.status === 'live') {
      throw new SkeinError(
        'conflict',
        `network ${record.name} is not deleted; run: skein net rm -t ${record.tenant} ${record.name}`,
      )
    }
    // its record, and so its tenant, may be gone: its devices tell where it is
    for (const tenant of await this.#allTenants()) await tenant.remove(network)
  }

  async attach(attachment: Attachment): Promise<{ ifName: string; mtu: number }> {
    await this.#guard()
    const attached = this.#tenantOf(attachment.network).attach(attachment)
    const [answer] = await Promise.all([attached, this.#outside.expect(attachment.endpointId)])
    await this.#routes.place(attachment)
    return answer
  }

  isLost(network: NetworkId, endpointId: string): boolean {
    const record = this.#context.replica.view.network(network)
    return record !== undefined && nextHopOf(record.spec) !== undefined && !this.#routes.isKnown(endpointId)
  }

  locate(place: Place): Promise<void> {
    return this.#routes.locate(place)
  }

  async detach(network: NetworkId, endpointId: string): Promise<void> {
    const record = this.#context.replica.view.network(network)
    const tenants = record ? [this.#tenant(record.tenant)] : await this.#allTenants()
    for (const tenant of tenants) await tenant.detach(endpointId)
    // only then: while the interface is there, no route to its network by another can be
    this.#routes.forget(endpointId)
    this.#outside.forget(endpointId)
  }

  setOutlets(outlets: Outlets): void {
    this.#outside.setOutlets(outlets)
  }

  ruleCounters(tenant: string) {
    return readRuleCounters(this.#context, tenant)
  }

  status() {
    return {
      lastCompareMs: this.#lastCompareMs,
      repaired: this.#repaired,
      errors: this.#context.problems.list(),
      unreachable: this.#probe.unreachable(),
      outsideHas6: this.#firewall.outsideHas6(),
      conditions: wireConditions([...this.#tenants.values()].flatMap(tenant => tenant.offWire())),
    }
  }

  start(): void {
    this.#running = true
    this.#unsubscribe = this.#context.replica.onChange(() => this.#onChange())
    this.#firewall.start()
    void this.#guard().then(() => {
      this.#arm('firewall', pauseAfterCheck(0), () => this.#checkFirewall())
      if (this.#running) this.#probe.start()
      return this.#compare()
    })
  }

  async stop(): Promise<void> {
    this.#running = false
    this.#unsubscribe?.()
    for (const follower of this.#followers) follower.stop()
    for (const timer of this.#timers.values()) timer.cancel()
    await Promise.all([this.#firewall.stop(), this.#probe.stop(), this.#outside.stop(), this.#routes.stop()])
    await this.#context.looks.close()
    await this.#lane.idle()
    await Promise.all([...this.#tenants.values()].map(tenant => tenant.close()))
  }

  /** The guards come before the first device: no frame is taken from a stranger. */
  #guard(): Promise<unknown> {
    this.#guarded ??= this.#firewall.refresh()
    return this.#guarded
  }

  #onChange(): void {
    this.#firewall.membersChanged()
    this.#routes.follow()
    for (const follower of this.#followers) follower.changed()
  }

  #compare(): Promise<void> {
    this.#compareDueMs = Number.POSITIVE_INFINITY
    return this.#lane.run(async () => {
      try {
        for (const tenant of await this.#allTenants()) {
          if (!this.#running) return
          this.#repaired += await tenant.compare()
        }
        this.#context.problems.clear('comparison')
      } catch (error) {
        this.#context.problems.report('comparison', errorText(error))
      }
      this.#lastCompareMs = this.#context.clock.now()
      this.#compareAfter(compareMs)
    })
  }

  /** Never later than what was asked for before. */
  #compareAfter(delayMs: number): void {
    const due = this.#context.clock.monotonic() + delayMs
    if (this.#compareDueMs <= due) return
    this.#compareDueMs = due
    this.#arm('compare', delayMs, () => this.#compare())
  }

  async #checkFirewall(): Promise<void> {
    const { clock } = this.#context
    const begunMs = clock.monotonic()
    this.#repaired += await this.#firewall.refresh()
    for (const tenant of this.#tenants.values()) this.#repaired += await tenant.verify()
    this.#repaired += await this.#outside.verify()
    this.#arm('firewall', pauseAfterCheck(clock.monotonic() - begunMs), () => this.#checkFirewall())
  }

  #arm(name: 'compare' | 'firewall', delayMs: number, task: () => Promise<void>): void {
    this.#timers.get(name)?.cancel()
    if (this.#running)
      this.#timers.set(
        name,
        this.#context.clock.after(delayMs, () => void task()),
      )
  }

  #tenantOf(network: NetworkId): Tenant {
    const record = this.#context.replica.view.network(network)
    if (record) return this.#tenant(record.tenant)
    throw new SkeinError('not-found', `network ${network.slice(0, 12)} does not exist; run: skein net ls -a`)
  }

  #tenant(name: string): Tenant {
    const found = this.#tenants.get(name) ?? new Tenant(name, this.#context)
    this.#tenants.set(name, found)
    return found
  }

  /** Those used in this run and those whose namespace an earlier run left. */
  async #allTenants(): Promise<Tenant[]> {
    const left = await this.#context.namespaces.tenants()
    return [...new Set([...this.#tenants.keys(), ...left])].map(name => this.#tenant(name))
  }
}

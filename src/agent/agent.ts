/**
 * The composition root: sockets first, since dockerd waits for plugins at its start; then the data directory, the
 * identity, and the parts.
 */
import { mkdir } from 'node:fs/promises'
import type { ApiDeps } from '../api/deps.ts'
import { type Api, createApi } from '../api/server.ts'
import type { Config } from '../config/parse.ts'
import type { RegistryView } from '../crdt/registry-view.ts'
import { createPluginServer, type PluginServer } from '../driver/plugin-server.ts'
import type { Answer, Driver, Method } from '../driver/protocol.ts'
import { systemClock } from '../lib/clock.ts'
import { errorText, SkeinError } from '../lib/errors.ts'
import type { Logger } from '../lib/log.ts'
import { defaultTenant } from '../model/names.ts'
import type { Disk } from '../store/disk.ts'
import { openFileDisk } from '../store/file-disk.ts'
import { type Lock, lockDirectory } from '../store/lock.ts'
import { foundMesh, type Identity, readIdentity, readJoining, writeIdentity } from './identity.ts'
import { leaveMesh } from './leaving.ts'
import type { Parts } from './parts.ts'
import { version } from './version.ts'

export class Agent {
  readonly #config: Config
  readonly #log: Logger
  readonly #plugin: PluginServer
  readonly #api: Api
  #lock: Lock | undefined
  #disk: Disk | undefined
  #parts: Parts | undefined
  #identity: Identity | undefined
  #stopped = false
  #joining = false

  constructor(config: Config, log: Logger) {
    this.#config = config
    this.#log = log
    const { pluginSocket, apiSocket, apiListen } = config
    this.#plugin = createPluginServer({
      socketPath: pluginSocket,
      clock: systemClock,
      log: log.child({ part: 'plugin' }),
    })
    this.#api = createApi({ socketPath: apiSocket, listen: apiListen, log: log.child({ part: 'api' }) })
  }

  /** Resolves when the peer works; rejects with the reason when it cannot start. */
  async start(): Promise<void> {
    await Promise.all([this.#plugin.start(), this.#api.start()])
    await mkdir(this.#config.dataDir, { recursive: true, mode: 0o700 })
    this.#lock = await lockDirectory(this.#config.dataDir)
    this.#disk = await openFileDisk(this.#config.dataDir)
    const identity = await this.#identify(this.#disk)
    if (this.#stopped) return
    await this.#run(identity)
    this.#serve()
    this.#log.info({ name: this.#config.name, meshId: identity.meshId, version: version.version }, 'peer is up')
  }

  /** Stops in reverse order; leaves the data path running. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const stop of [this.#api.stop, this.#plugin.stop, () => this.#parts?.stop(), () => this.#lock?.release()]) {
      try {
        await stop()
      } catch (error) {
        this.#log.warn({ err: errorText(error) }, 'a part did not stop cleanly')
      }
    }
  }

  /** From disk; else by the token; else a new mesh of its own. */
  async #identify(disk: Disk): Promise<Identity> {
    const problem = (text: string) => this.#log.error({ err: text }, 'damage on the disk')
    const known = await readIdentity(disk, problem)
    const begun = await readJoining(disk, problem)
    if (known && !begun) {
      if (this.#config.join) this.#log.info({ meshId: known.meshId }, '--join ignored: this peer is a member of a mesh')
      return known
    }
    const token = begun?.token ?? this.#config.join
    if (token) {
      const { join } = await import('./joining.ts')
      return join(this.#config, disk, token, this.#log, { patient: true, stopped: () => this.#stopped })
    }
    const identity = foundMesh()
    await writeIdentity(disk, identity)
    return identity
  }

  async #run(identity: Identity): Promise<void> {
    const { startParts } = await import('./parts.ts')
    this.#parts = await startParts(this.#config, identity, this.#log)
    this.#identity = identity
  }

  #serve(): void {
    const parts = this.#needParts()
    const { invite, ...rest } = parts.api
    const deps: ApiDeps = {
      ...rest,
      version,
      admission: { invite, join: token => this.#join(token), leave: () => this.#leave(), rejoin: () => this.#rejoin() },
    }
    this.#api.serve(deps)
    // the parts are replaced when this peer joins another mesh; the plugin keeps its handlers
    const methods = Object.keys(parts.driver.handlers) as Method[]
    type Handler = (request: never, signal: AbortSignal) => Promise<Answer>
    const current = (method: Method) => this.#needParts().driver.handlers[method] as Handler
    const handler =
      (method: Method): Handler =>
      (request, signal) =>
        current(method)(request, signal)
    this.#plugin.serve(Object.fromEntries(methods.map(method => [method, handler(method)])) as Driver)
  }

  /** Leaves a mesh that holds nothing, or that has removed this peer, for the one that issued the token. */
  async #join(token: string): Promise<void> {
    const parts = this.#needParts()
    const disk = this.#disk
    const { view, self } = parts.replica
    if (!disk || this.#joining) throw new SkeinError('conflict', 'this peer is already joining')
    // a removed, rolled back or cloned peer writes nothing more under its key: it may only begin anew
    const { fenced } = parts.replica
    if (!fenced && view.members().some(member => member.key !== self)) {
      throw new SkeinError('conflict', 'this peer is a member of a mesh with other hosts: see skein peer ls')
    }
    if (!fenced && holdsObjects(view)) {
      throw new SkeinError(
        'conflict',
        'this peer holds tenants, networks, groups, policies or netprofiles, which a join would lose: delete them first',
      )
    }
    this.#joining = true
    try {
      const { join } = await import('./joining.ts')
      const former = [...(parts.replica.isOffForGood ? [self] : []), ...(this.#identity?.former ?? [])]
      const identity = await join(
        this.#config,
        disk,
        token,
        this.#log,
        { patient: false },
        { meshId: view.meshId, former },
      )
      if (fenced) await parts.replica.seal()
      await this.#replace(parts, identity)
    } catch (error) {
      this.#log.warn({ err: errorText(error) }, 'not joined')
      throw error
    } finally {
      this.#joining = false
    }
  }

  /** Leaves the mesh for a new one of its own. */
  async #leave(): Promise<void> {
    const parts = this.#needParts()
    const disk = this.#disk
    if (!disk || this.#joining) throw new SkeinError('conflict', 'this peer is already joining or leaving')
    this.#joining = true
    try {
      await leaveMesh(parts)
      const identity = foundMesh()
      await writeIdentity(disk, identity)
      await this.#replace(parts, identity)
      this.#log.info({ meshId: identity.meshId }, 'left the mesh')
    } finally {
      this.#joining = false
    }
  }

  /** Comes back under a new key in the place of the old one, after a rollback. */
  async #rejoin(): Promise<void> {
    const parts = this.#needParts()
    const [disk, identity] = [this.#disk, this.#identity]
    if (!disk || !identity || this.#joining) throw new SkeinError('conflict', 'this peer is already joining or leaving')
    this.#joining = true
    try {
      const { comeBack } = await import('./coming-back.ts')
      await this.#replace(parts, await comeBack(this.#config, disk, identity, parts, this.#log))
      this.#log.info({ former: parts.replica.self }, 'came back under a new key')
    } finally {
      this.#joining = false
    }
  }

  async #replace(parts: Parts, identity: Identity): Promise<void> {
    this.#parts = undefined
    this.#api.serve(undefined)
    await parts.stop()
    await this.#run(identity)
    this.#serve()
  }

  #needParts(): Parts {
    if (!this.#parts) throw new SkeinError('unavailable', 'skeind is still starting: try again in a moment')
    return this.#parts
  }
}

/** True if somebody made something here that a join would lose. */
function holdsObjects(view: RegistryView): boolean {
  return (
    view.networks().length > 0 ||
    view.tenants().some(tenant => tenant !== defaultTenant) ||
    view.objects.tenants().length > 0
  )
}

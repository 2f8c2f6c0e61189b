/** A host of the lab: a node with an engine and a peer. */
import { existsSync, rmSync } from 'node:fs'
import { engineSocket, killEngine, type StartEngineOptions, startEngine, stopEngine } from './engine.ts'
import { makeHostFiles } from './host-files.ts'
import { loadImage } from './image.ts'
import { apiSocket } from './members.ts'
import { createNode, type LabNode, makeNode } from './node.ts'
import { invite, killPeer, type StartPeerOptions, startPeer, stopPeer } from './peer.ts'
import type { HostPlan } from './plan.ts'
import { cutPower } from './power.ts'
import { logFileOf, runningRecord } from './records.ts'
import { plugIn } from './underlay.ts'

export interface LabHost extends LabNode {
  readonly number: number
  /** On the underlay. */
  readonly address: string
  /** Its peer's data directory. */
  readonly dataDir: string
  /** Its engine's socket, its peer's API socket: paths that work from outside the host. */
  readonly engineSocket: string
  readonly apiSocket: string
  readonly peerLog: string
  readonly engineLog: string
  /** Pid of the running peer or engine, undefined if it does not run. */
  peerPid(): number | undefined
  enginePid(): number | undefined
  startPeer(options?: StartPeerOptions): Promise<void>
  /** SIGTERM. */
  stopPeer(): Promise<void>
  /** SIGKILL. */
  killPeer(): Promise<void>
  /** True once its peer has been started, until it is wiped. */
  hasPeerData(): boolean
  /** Removes the stopped peer's data. */
  wipePeer(): void
  startEngine(options?: StartEngineOptions): Promise<void>
  /** SIGTERM: stops its containers too. */
  stopEngine(): Promise<void>
  /** SIGKILL: its containers go on until the engine is started again. */
  killEngine(): Promise<void>
  /** The host loses power: only its disk, and its engine's, is left. Its namespaces stay, so it is ready to start again. */
  cutPower(): Promise<void>
  /** A single-use token of this host's peer. */
  invite(): Promise<string>
}

/** The handle of a host; does nothing by itself. */
export function createHost(plan: HostPlan): LabHost {
  const { name, number, address, dataDir } = plan
  return {
    ...createNode(name),
    number,
    address,
    dataDir,
    get engineSocket() {
      return engineSocket(name)
    },
    get apiSocket() {
      return apiSocket(name)
    },
    peerLog: logFileOf(name, 'peer'),
    engineLog: logFileOf(name, 'engine'),
    peerPid: () => runningRecord(name, 'peer')?.pid,
    enginePid: () => runningRecord(name, 'engine')?.pid,
    startPeer: options => startPeer(plan, options),
    stopPeer: () => stopPeer(name),
    killPeer: () => killPeer(name),
    hasPeerData: () => existsSync(dataDir),
    wipePeer: () => rmSync(dataDir, { recursive: true, force: true }),
    startEngine: options => startEngine(name, options),
    stopEngine: () => stopEngine(name),
    killEngine: () => killEngine(name),
    cutPower: () => cutPower(name),
    invite: () => invite(name),
  }
}

/** Makes the namespaces of a host, its cable, its files. */
export async function makeHost(plan: HostPlan): Promise<void> {
  await makeNode(plan.name)
  await plugIn(plan.name, plan.port, plan.address)
  await makeHostFiles(plan.name)
}

/** Starts a host's engine and gives it the image. */
export async function equipHost(plan: HostPlan, signal?: AbortSignal): Promise<void> {
  await startEngine(plan.name, signal ? { signal } : {})
  await loadImage(plan.name)
}

/**
 * The lab that the acceptance tests share: the first file that needs it brings it up, the end of the run takes it
 * down, so each file can also be run alone.
 */
import { readFileSync } from 'node:fs'
import { createLab, downLab, type Lab, upLab } from '../../../lab/index.ts'
import { cleanHosts } from './clean.ts'
import { interrupted, onInterrupt } from './interrupt.ts'
import { removeLeftLabs } from './leftovers.ts'

const upLimitMs = 180_000
const downLimitMs = 60_000

let current: Promise<Lab> | undefined

export interface UseLabOptions {
  /** A lab of this file alone, for tests that leave hosts or peers behind which nothing can take back. @default false */
  own?: boolean
  /** Of an own lab. @default 3 */
  hosts?: number
  /** Of an own lab. @default true */
  peers?: boolean
  /** Remove all containers, networks and tenants before each test. @default true */
  clean?: boolean
}

/** Call at the top of a `describe`. Inside its tests the function that it gives returns the lab, ready and clean. */
export function useLab(options: UseLabOptions = {}): () => Lab {
  let lab: Lab | undefined
  before(async function () {
    this.timeout(upLimitMs)
    if (options.own) await takeDown()
    interrupted.throwIfAborted()
    current ??= upLab({ hosts: options.hosts ?? 3, peers: options.peers ?? true, signal: interrupted })
    lab = await current
  })
  beforeEach(async function () {
    this.timeout(downLimitMs)
    if (lab && (options.clean ?? true)) await cleanHosts(lab)
  })
  afterEach(function () {
    if (lab && this.currentTest?.state === 'failed') showLogs(lab)
  })
  after(async function () {
    this.timeout(downLimitMs)
    if (options.own) await takeDown()
  })
  return () => {
    if (!lab) throw new Error('the lab is there in tests and hooks only')
    return lab
  }
}

/** For a file whose tests bring a lab up themselves: none is up before them, none after. */
export function useNoLab(): void {
  before(async function () {
    this.timeout(downLimitMs)
    await takeDown()
    interrupted.throwIfAborted()
    const lab = createLab()
    if (lab.hosts().length > 0) throw new Error('a lab is up that is none of the tests; remove it with: skein lab down')
    current = Promise.resolve(lab)
  })
  after(async function () {
    this.timeout(downLimitMs)
    await takeDown()
  })
}

async function takeDown(): Promise<void> {
  if (!current) return
  // a lab that failed to come up has removed itself
  const up = await current.then(
    () => true,
    () => false,
  )
  current = undefined
  if (up) await downLab()
}

/** The end of each peer's log: what a failure in CI is understood from. */
function showLogs(lab: Lab): void {
  for (const host of lab.hosts()) {
    const lines = readFileSync(host.peerLog, { encoding: 'utf8', flag: 'a+' }).trimEnd().split('\n')
    process.stderr.write(`--- ${host.name}: ${host.peerLog}\n${lines.slice(-15).join('\n')}\n`)
  }
}

// loaded by a test file, so these are hooks of the root suite: each runs once, this before all files
before(async function () {
  this.timeout(upLimitMs)
  await removeLeftLabs()
})

// after all files, and after failures
after(async function () {
  this.timeout(downLimitMs)
  await takeDown()
})

onInterrupt(takeDown)

/**
 * Hosts on one machine: each a network namespace and a mount namespace (for its own /run/netns), joined by a switch in a
 * namespace of its own. `down` removes everything, also after a failure.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { probeVni } from '../../../src/datapath/vni.ts'
import { run } from '../../../src/lib/exec.ts'
import { newSeed } from '../../../src/lib/keys.ts'
import type { Invitation } from '../../../src/mesh/transport.ts'
import { macOf, parseIp } from '../../../src/model/ip.ts'
import { interrupted, onInterrupt } from '../support/interrupt.ts'
import { bundleProgram } from './bundle.ts'
import type { HostConfig, Orders } from './host-process.ts'

/** Where the network namespace of a container is. */
export function sandboxOf(container: string): string {
  return `/run/netns/${container}`
}

/** Runs a command; throws with its output if it fails. */
export async function must(file: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(file, args, { timeoutMs: 20_000 })
  if (code !== 0) throw new Error(`${file} ${args.join(' ')}: ${code}: ${stderr || stdout}`)
  return stdout
}

export class Host {
  readonly name: string
  readonly address: string
  readonly #namespace: string
  readonly #directory: string
  readonly #program: string
  readonly #seed = newSeed()
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #holder: ChildProcess | undefined
  #peer: ChildProcess | undefined
  #meshId: string | undefined
  #orders = 0
  #fresh = 0

  constructor(name: string, address: string, namespace: string, directory: string, program: string) {
    this.#program = program
    this.name = name
    this.address = address
    this.#namespace = namespace
    this.#directory = directory
  }

  /** Opens the mount namespace that outlives the peer. */
  async up(): Promise<void> {
    const script = 'mount -t tmpfs skein /run/netns && echo ready && exec sleep infinity'
    const args = [`--net=/run/netns/${this.#namespace}`, 'unshare', '-m', 'sh', '-c', script]
    this.#holder = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(this.#holder.stdout as NodeJS.ReadableStream, 'data')
  }

  /** Runs a command on this host. */
  exec(...command: string[]): Promise<string> {
    return must('nsenter', ...this.#inside(), ...command)
  }

  /** Exit code of a command on this host. */
  async code(...command: string[]): Promise<number> {
    return (await run('nsenter', [...this.#inside(), ...command], { timeoutMs: 20_000 })).code
  }

  spawn(...command: string[]): ChildProcess {
    return spawn('nsenter', [...this.#inside(), ...command], { stdio: ['pipe', 'pipe', 'pipe'] })
  }

  async startPeer(
    options: { invitation?: Invitation; mtu?: number; fresh?: boolean; path?: string } = {},
  ): Promise<void> {
    const child = spawn('nsenter', [...this.#inside(), process.execPath, this.#program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, ...(options.path === undefined ? {} : { PATH: options.path }) },
    })
    child.on('message', ({ id, value, error }: { id: number; value: unknown; error?: string }) => {
      if (error === undefined) this.#waiting.get(id)?.resolve(value)
      else this.#waiting.get(id)?.reject(new Error(error))
      this.#waiting.delete(id)
    })
    child.on('exit', () => {
      for (const each of this.#waiting.values()) each.reject(new Error(`${this.name}: the peer ended`))
      this.#waiting.clear()
    })
    this.#peer = child
    const { name, address } = this
    const { invitation, mtu = 1500, fresh = false } = options
    const directory = fresh ? `${this.#directory}-fresh${++this.#fresh}` : this.#directory
    const seed = fresh ? newSeed() : this.#seed
    const config: HostConfig = {
      name,
      address,
      seed,
      directory,
      invitation,
      mtu,
      meshId: fresh ? undefined : this.#meshId,
    }
    this.#meshId = (await this.ask('start', config)).meshId
  }

  /** SIGKILL, as a crash would. */
  async killPeer(): Promise<void> {
    const child = this.#peer
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  ask<K extends keyof Orders>(order: K, ...args: Parameters<Orders[K]>): Promise<Awaited<ReturnType<Orders[K]>>> {
    const id = ++this.#orders
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: value => resolve(value as Awaited<ReturnType<Orders[K]>>), reject })
      this.#peer?.send({ id, order, args })
    })
  }

  /** What Docker does with a container: the endpoint's record, Join, the interface moved and named, address and link set. */
  async container(
    network: string,
    name: string,
    ip: string,
    group = '',
    ip6 = '',
  ): Promise<{ tookMs: number; mtu: number }> {
    const number = parseIp(ip) ?? 0
    const mac = macOf(number)
    const id = `${this.name}-${name}`
    const record = { kind: 'endpoint' as const, id, network, ip: number, mac, container: name, containerName: name }
    await this.ask('write', group === '' ? record : { ...record, group })
    const attachment = { network, endpointId: id, ip: number, mac, sandbox: sandboxOf(name) }
    const { ifName, tookMs, mtu } = await this.ask('attach', attachment)
    await this.exec('ip', 'netns', 'add', name)
    await this.exec('ip', 'link', 'set', ifName, 'netns', name)
    await this.exec('ip', '-n', name, 'link', 'set', ifName, 'name', 'eth0')
    await this.exec('ip', '-n', name, 'addr', 'add', `${ip}/24`, 'dev', 'eth0')
    if (ip6 !== '') await this.exec('ip', '-n', name, 'addr', 'add', `${ip6}/64`, 'dev', 'eth0', 'nodad')
    await this.exec('ip', '-n', name, 'link', 'set', 'eth0', 'up')
    return { tookMs, mtu }
  }

  /** True if every one of `count` echo requests from the container is answered. */
  async pings(container: string, ip: string, count = 2): Promise<boolean> {
    const command = [
      'ip',
      'netns',
      'exec',
      container,
      'ping',
      '-n',
      '-q',
      '-i',
      '0.05',
      '-c',
      `${count}`,
      '-W',
      '1',
      ip,
    ]
    const { stdout } = await run('nsenter', [...this.#inside(), ...command], { timeoutMs: 20_000 })
    return stdout.includes(`${count} received`)
  }

  async down(): Promise<void> {
    await this.killPeer()
    this.#holder?.kill('SIGKILL')
  }

  #inside(): string[] {
    return ['-t', `${this.#holder?.pid}`, '-m', '-n', '--']
  }
}

export class Lab {
  readonly hosts: Host[] = []
  readonly #prefix = `skdp${process.pid}`
  readonly #namespaces: string[] = []
  #directory = ''
  #forget = () => {}

  /** A switch and `count` hosts with addresses 192.168.2.11, .12, … on eth0; no peers yet. */
  async up(count: number): Promise<void> {
    this.#forget = onInterrupt(() => this.down())
    this.#directory = await mkdtemp(join(tmpdir(), 'skein-datapath-'))
    const program = await bundleProgram(this.#directory)
    const hub = await this.#namespace('switch')
    await must('nsenter', `--net=/run/netns/${hub}`, 'sysctl', '-q', '-w', 'net.bridge.bridge-nf-call-iptables=0')
    await must('ip', '-n', hub, 'link', 'add', 'name', 'switch', 'type', 'bridge')
    await must('ip', '-n', hub, 'link', 'set', 'switch', 'up')
    for (let n = 1; n <= count; n++) {
      const address = `192.168.2.${10 + n}`
      const namespace = await this.plug(`h${n}`, address)
      const host = new Host(`host${n}`, address, namespace, join(this.#directory, `host${n}`), program)
      this.hosts.push(host)
      await host.up()
    }
  }

  /** A further namespace on the switch; resolves with its name. */
  async plug(name: string, address: string): Promise<string> {
    const namespace = await this.#namespace(name)
    const hub = `${this.#prefix}-switch`
    await must('ip', '-n', hub, 'link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
    await must('ip', '-n', hub, 'link', 'set', name, 'master', 'switch', 'up')
    await must('ip', '-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    await must('ip', '-n', namespace, 'link', 'set', 'eth0', 'up')
    await must('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
    return namespace
  }

  /** Between the first two hosts nothing passes, or only what is not TCP: their peers then hear nothing of each other, while VXLAN goes on. */
  async split(what: 'all' | 'tcp'): Promise<void> {
    const match = what === 'all' ? [] : ['-p', 'IPv4', '--ip-proto', 'tcp']
    for (const [from, to] of [
      ['h1', 'h2'],
      ['h2', 'h1'],
    ] as const) {
      await this.#onSwitch('ebtables', '-A', 'FORWARD', '-i', from, '-o', to, ...match, '-j', 'DROP')
    }
  }

  heal(): Promise<string> {
    return this.#onSwitch('ebtables', '-F', 'FORWARD')
  }

  #onSwitch(...command: string[]): Promise<string> {
    return must('nsenter', `--net=/run/netns/${this.#prefix}-switch`, ...command)
  }

  /** Runs `during` and gives what tcpdump saw meanwhile of VXLAN on the underlay: of networks, or of the probes. */
  async underlay(during: () => Promise<void>, what: 'networks' | 'probes' = 'networks'): Promise<string[]> {
    const hub = `${this.#prefix}-switch`
    // the VNI is the upper three bytes of the second word behind UDP's eight bytes
    const isProbe = `udp[12:4] & 0xffffff00 = ${(probeVni << 8) >>> 0}`
    const filter = `udp port 7374 and ${what === 'probes' ? isProbe : `not (${isProbe})`}`
    const args = [`--net=/run/netns/${hub}`, 'tcpdump', '-n', '-l', '-i', 'h1', '-T', 'vxlan', filter]
    const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let seen = ''
    child.stdout.on('data', chunk => {
      seen += chunk
    })
    const closed = once(child, 'close')
    await once(child.stderr, 'data')
    try {
      await during()
    } finally {
      child.kill('SIGINT')
      await closed
    }
    return seen.split('\n').filter(line => line !== '')
  }

  async down(): Promise<void> {
    this.#forget()
    for (const host of this.hosts) await host.down()
    for (const namespace of this.#namespaces) await run('ip', ['netns', 'del', namespace])
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #namespace(name: string): Promise<string> {
    const namespace = `${this.#prefix}-${name}`
    interrupted.throwIfAborted()
    this.#namespaces.push(namespace)
    await must('ip', 'netns', 'add', namespace)
    return namespace
  }
}

/** Starts peers on all hosts: the first founds the mesh, the others join by it. */
export async function startMesh(hosts: readonly Host[]): Promise<void> {
  for (const [n, host] of hosts.entries()) {
    const invitation = n === 0 ? undefined : await hosts[0]?.ask('invite')
    await host.startPeer(invitation ? { invitation } : {})
  }
}

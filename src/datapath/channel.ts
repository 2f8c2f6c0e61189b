/** The ways to the kernel: a tenant's two long-lived children, and one-shot batches where no latency counts. */
import type { Network } from '../crdt/registry-view.ts'
import type { Clock } from '../lib/clock.ts'
import { SkeinError } from '../lib/errors.ts'
import { type BatchChild, createBatchChild } from './batch-child.ts'
import type { Context } from './context.ts'
import type { Command } from './diff.ts'
import { tenantNamespace } from './names.ts'

export interface Channel {
  readonly tenant: string
  readonly namespace: string
  readonly ip: BatchChild
  readonly bridge: BatchChild
  close(): Promise<void>
}

export function createChannel(tenant: string, clock: Clock): Channel {
  const namespace = tenantNamespace(tenant)
  const ip = createBatchChild({ program: 'ip', namespace, clock })
  const bridge = createBatchChild({ program: 'bridge', namespace, clock })
  const close = async () => {
    await Promise.all([ip.close(), bridge.close()])
  }
  return { tenant, namespace, ip, bridge, close }
}

/** Runs the lines in one `ip` that stops at the first failure; gives its text, '' if all went well. */
export async function batch(context: Context, commands: readonly Command[], namespace?: string): Promise<string> {
  if (commands.length === 0) return ''
  const args = namespace === undefined ? ['-batch', '-'] : ['-n', namespace, '-batch', '-']
  const input = `${commands.map(command => command.line).join('\n')}\n`
  const { code, stderr } = await context.run('ip', args, { input })
  if (code === 127) return 'ip is missing, install the package iproute2'
  return code === 0 ? '' : stderr.trim() || `ip exited with ${code}`
}

export function failed(network: Pick<Network, 'name'>, text: string): SkeinError {
  return new SkeinError(
    'unavailable',
    `network ${network.name} cannot be set up on this host: ${text}; run: skein status`,
  )
}

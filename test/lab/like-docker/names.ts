/** What containers find by names. */
import assert from 'node:assert/strict'
import type { LabHost } from '../../../lab/index.ts'
import { netctl, three } from '../acceptance/cli.ts'
import { type Container, docker, eventually, inspect } from '../support/index.ts'
import type { Asked } from './ask-names.ts'

export const upstream = '192.168.2.254'

/** `nslookup` in the container; what it prints, of a name that is not found too. */
export async function nslookup(from: Container, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await from.host.exec(['docker', 'exec', from.id, 'nslookup', ...args], {
    timeoutMs: 15_000,
  })
  return stdout + stderr
}

/** Addresses that the container finds for a name. */
export async function addresses(from: Container, name: string): Promise<string[]> {
  const text = await nslookup(from, name)
  return [...text.replace(/^Address:\s+127\.0\.0\.11\S*$/m, '').matchAll(/^Address: (\S+)$/gm)].map(
    match => match[1] ?? '',
  )
}

export async function assertUnknown(from: Container, name: string): Promise<void> {
  assert.match(await nslookup(from, name), /NXDOMAIN/, `${from.name}: ${name}`)
}

/** Questions out of the container's network namespace to the server that Docker's resolver asks. */
export async function ask(
  from: Container,
  transport: 'udp' | 'tcp',
  name: string,
  type = 'A',
  count = 1,
): Promise<Asked> {
  const pid = await docker(from.host, 'inspect', '-f', '{{.State.Pid}}', from.id)
  const program = [
    process.execPath,
    '--import',
    import.meta.resolve('tsx'),
    new URL('ask-names.ts', import.meta.url).pathname,
  ]
  const argv = ['nsenter', '-t', pid, '-n', ...program, upstream, transport, name, type, String(count)]
  const { code, stdout, stderr } = await from.host.exec(argv, { timeoutMs: 30_000 })
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout)
}

export async function createNetwork(
  hosts: readonly LabHost[],
  name: string,
  subnet: string,
  tenant = 'default',
): Promise<void> {
  await netctl(three(hosts)[0], 'net', 'create', '-t', tenant, `--subnet=${subnet}`, name)
  const dockerName = tenant === 'default' ? name : `${name}/${tenant}`
  for (const host of hosts) await eventually(() => inspect(host, 'network', dockerName))
}

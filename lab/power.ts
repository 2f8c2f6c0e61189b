/** Taking a host's power away: what a real one loses then, with its disk and its place on the switch left. */
import { readlinkSync } from 'node:fs'
import { holderOf, step } from './node.ts'
import { labMark } from './plan.ts'
import { killAll, processesOf } from './sweep.ts'

/** Disks, in the lab's /run because they are tmpfs (engine.ts), and what a boot would write again (host-files.ts). */
const kept = ['/run/docker-data', '/run/resolv.conf', '/run/systemd']

/** Ends every process, engine, peer and containers at once, then empties kernel and /run. */
export async function cutPower(host: string): Promise<void> {
  const holder = holderOf(host)
  const mounts = readlinkSync(`/proc/${holder.pid}/ns/mnt`)
  await killAll(
    () => processesOf({ mounts, group: `${labMark}/${host}` }).filter(process => process.pid !== holder.pid),
    `processes of ${host} did not end`,
  )
  await step(host, ['sh', '-c', unmountAll])
  const links = await step(host, ['ip', '-o', 'link', 'show'])
  const names = [...links.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name).filter(name => !isFixed(name))
  // the end of one pair takes the other end with it
  await step(host, ['ip', '-force', '-batch', '-'], names.map(name => `link del ${name}\n`).join('')).catch(ignoreGone)
  await step(host, ['nft', 'flush', 'ruleset'])
  await step(host, ['ipset', 'destroy'])
  const spare = kept.flatMap(path => ['!', '-path', path])
  await step(host, ['find', '/run', '-mindepth', '1', '-maxdepth', '1', ...spare, '-exec', 'rm', '-rf', '{}', '+'])
  for (const folder of ['docker/plugins', 'netns', 'skein', 'lock']) await step(host, ['mkdir', '-p', `/run/${folder}`])
}

/** Namespaces by name, and the containers' file systems; deepest first. */
const unmountAll =
  "awk '$2 ~ /^\\/run\\// {print $2}' /proc/self/mounts | sort -r | grep -v '^/run/resolv.conf$' | while read m; do umount -l $m; done"

/** The cable, and what a new namespace has. */
function isFixed(name: string | undefined): boolean {
  return name === undefined || /^(lo|eth0|(tunl|gre|gretap|erspan|sit|ip6tnl|ip_vti|ip6_vti|ip6gre)\d)$/.test(name)
}

function ignoreGone(error: unknown): void {
  if (!(error instanceof Error) || !error.message.includes('Cannot find device')) throw error
}

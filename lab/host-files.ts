/** What a host has to itself in the file system, so that every program finds its usual paths and meets nobody there. */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { SkeinError } from '../src/lib/errors.ts'
import { pathInNode, step } from './node.ts'
import { outside } from './plan.ts'

/** Where a shell of the host is at home: gone with the host. */
export const homeOnHost = '/run/root'

/** That shell: files of one host's user, such as Docker's contexts, are none of another's, and none of this machine's. */
export const shellOnHost = ['env', '-u', 'DOCKER_HOST', `HOME=${homeOnHost}`, 'bash']

/**
 * Gives the host a /run of its own: engine socket and state, plugin sockets, named network namespaces, Skein's
 * socket, the lock of iptables. And a resolver: the outside's name server.
 */
export async function makeHostFiles(name: string): Promise<void> {
  // resolved before /run is covered: systemd-resolved and resolvconf make it a link into /run
  const resolvConf = resolverFile()
  await step(name, ['mount', '--no-mtab', '-t', 'tmpfs', '-o', 'mode=0755', 'run', '/run'])
  for (const folder of ['docker/plugins', 'netns', 'skein', 'lock', 'root']) {
    mkdirSync(pathInNode(name, `/run/${folder}`), { recursive: true })
  }
  const own = '/run/resolv.conf'
  writeFileSync(pathInNode(name, own), `nameserver ${outside.address}\n`)
  if (resolvConf.startsWith('/run/')) {
    mkdirSync(pathInNode(name, dirname(resolvConf)), { recursive: true })
    writeFileSync(pathInNode(name, resolvConf), '')
  }
  await step(name, ['mount', '--no-mtab', '--bind', own, resolvConf])
}

function resolverFile(): string {
  try {
    return realpathSync('/etc/resolv.conf')
  } catch (error) {
    throw new SkeinError(
      'invalid',
      '/etc/resolv.conf is missing; make one (an empty file will do), then: skein lab up',
      {
        cause: error,
      },
    )
  }
}

/** The first look at Skein: what the README promises, carried out before the reader's eyes. */
import { SkeinError } from '../src/lib/errors.ts'
import type { LabHost } from './host.ts'
import type { Lab } from './lab.ts'
import { until } from './wait.ts'

type Say = (line: string) => void

/** Prints each command and what it answers; the lab stays as the last step left it. Rejects when a step fails. */
export async function demoLab(lab: Lab, say: Say): Promise<void> {
  const [one, three] = [lab.host('1'), lab.host('3')]
  const show = (host: LabHost, ...argv: string[]) => showCommand(say, host, argv)
  say('\nA network is created on host1 and is there on every host:')
  await show(one, 'netctl', 'net', 'create', '--subnet=10.1.2.0/24', 'contiv-net')
  await untilThere(three, 'contiv-net')
  await show(three, 'netctl', 'net', 'ls')
  await show(three, 'docker', 'network', 'ls', '--filter', 'driver=mesh')

  say('\nContainers on host1 and host3 reach each other:')
  await run(show, one, 'c1', 'contiv-net')
  await run(show, three, 'c3', 'contiv-net')
  await ping(show, one, 'c1', await addressOf(three, 'c3', 'contiv-net'))

  say('\nThe network splits, host1 and host2 from host3; both sides go on:')
  say('$ skein lab split "1 2" "3"')
  await lab.split(['1 2', '3'])
  await show(one, 'netctl', 'net', 'create', '--subnet=10.1.3.0/24', 'in-the-split')
  await show(three, 'netctl', 'net', 'create', '--subnet=10.1.3.0/24', 'in-the-split')
  for (const host of [one, three]) {
    await untilThere(host, 'in-the-split')
  }
  await run(show, one, 's1', 'in-the-split')
  await run(show, three, 's3', 'in-the-split')

  say('\nIt heals: one network, no address twice, and the containers of both sides reach each other:')
  say('$ skein lab heal')
  await lab.heal()
  const address = await addressOf(three, 's3', 'in-the-split')
  await untilTrue('the sides did not find each other', async () => {
    return (await one.exec(pingWords('s1', address, '1'))).code === 0
  })
  await ping(show, one, 's1', address)
  await ping(show, one, 'c1', await addressOf(three, 'c3', 'contiv-net'))
  await show(one, 'netctl', 'net', 'ls')
  await show(one, 'skein', 'peer', 'ls')
}

type Show = (host: LabHost, ...argv: string[]) => Promise<void>

async function showCommand(say: Say, host: LabHost, argv: string[]): Promise<void> {
  say(`${host.name}$ ${argv.join(' ')}`)
  const { code, stdout, stderr } = await host.exec(argv, { timeoutMs: 30_000 })
  for (const line of `${stdout}${stderr}`.split('\n')) if (line !== '') say(line)
  if (code !== 0) throw new SkeinError('internal', `'${argv.join(' ')}' failed on ${host.name}: see skein lab status`)
}

function run(show: Show, host: LabHost, name: string, network: string): Promise<void> {
  return show(host, 'docker', 'run', '-itd', `--name=${name}`, `--net=${network}`, 'alpine', '/bin/sh')
}

function ping(show: Show, host: LabHost, name: string, address: string): Promise<void> {
  return show(host, ...pingWords(name, address, '3'))
}

function pingWords(name: string, address: string, count: string): string[] {
  return ['docker', 'exec', name, 'ping', '-c', count, '-W', '1', address]
}

function untilThere(host: LabHost, network: string): Promise<void> {
  const inspect = ['docker', 'network', 'inspect', network]
  return untilTrue(`${network} did not appear on ${host.name}`, async () => (await host.exec(inspect)).code === 0)
}

async function untilTrue(what: string, check: () => Promise<boolean>): Promise<void> {
  await until(async () => ((await check()) ? true : undefined), { timeoutMs: 20_000, what })
}

async function addressOf(host: LabHost, name: string, network: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`
  return (await host.exec(['docker', 'inspect', '-f', format, name])).stdout.trim()
}

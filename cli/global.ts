/** `global info|inspect|set`. */
import type { Command } from 'commander'
import type { GlobalJson } from '../src/api/types.ts'
import { SkeinError } from '../src/lib/errors.ts'
import { addTenant, addWait, type WaitOption } from './options.ts'
import type { Session } from './session.ts'

interface SetOptions extends WaitOption {
  fabricMode?: string
  vlanRange?: string
  vxlanRange?: string
  fwdMode?: string
  arpMode?: string
  privateSubnet?: string
}

const path = '/api/v1/globals/global/'

export function addGlobalCommands(program: Command, session: Session): void {
  const global = program.command('global').description('settings of the whole mesh')
  const info = global.command('info').description('the settings').option('-j, --json', 'as JSON')
  // Contiv's has these too, without effect: the settings are of all tenants
  if (session.name === 'netctl') addTenant(info).option('-a, --all', 'of all tenants')
  info.action(async ({ json }: { json?: boolean }) => {
    const settings = await session.client().get<GlobalJson>(path)
    if (json) session.printJson(settings)
    else session.io.stdout(infoText(settings))
  })
  global
    .command('inspect')
    .description('the settings and what uses them, as JSON')
    .action(async () => session.printJson(await session.client().get('/api/v1/inspect/globals/global/')))
  addWait(global.command('set').description('change settings; what is not given stays'), session)
    .option('-f, --fabric-mode <mode>', 'default')
    .option('-v, --vlan-range <range>', 'VLAN ids that Skein may choose from: 1-4094')
    .option('-x, --vxlan-range <range>', 'VNIs that Skein may choose from: 8388608-16777214')
    .option('-b, --fwd-mode <mode>', 'bridge')
    .option('-a, --arp-mode <mode>', 'proxy')
    .option('-s, --private-subnet <cidr>', 'of Contiv; Skein has none')
    .action((options: SetOptions) => setGlobals(session, options))
}

async function setGlobals(session: Session, options: SetOptions): Promise<void> {
  const { wait, fabricMode, vlanRange, vxlanRange, fwdMode, arpMode, privateSubnet } = options
  const body = {
    ...{ name: 'global', networkInfraType: fabricMode, vlans: vlanRange, vxlans: vxlanRange },
    ...{ fwdMode, arpMode, pvtSubnet: privateSubnet },
  }
  if (Object.values(body).every(value => value === undefined || value === 'global')) {
    throw new SkeinError('usage', `nothing to set: give a flag; see: ${session.name} global set --help`)
  }
  const reply = await session.client().send<GlobalJson>('POST', path, body)
  await session.confirm(reply, { skein: reply.dot ? 'settings changed' : 'settings are so already', netctl: '', wait })
  if (vxlanRange) session.note('the VXLAN range is recorded; this version does not choose by it yet')
}

export function infoText(settings: GlobalJson): string {
  return [
    `Fabric mode: ${settings.networkInfraType}`,
    `Forward mode: ${settings.fwdMode}`,
    `ARP mode: ${settings.arpMode}`,
    `Vlan Range: ${settings.vlans}`,
    `Vxlan range: ${settings.vxlans}`,
    `Private subnet: ${settings.pvtSubnet}`,
    '',
  ].join('\n')
}

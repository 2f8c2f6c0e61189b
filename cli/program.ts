/** The command tree, and the way from arguments to an exit code. */
import { Command, CommanderError } from 'commander'
import { errorText, SkeinError } from '../src/lib/errors.ts'
import { addAddressCommands } from './address.ts'
import { addApplyCommand } from './apply.ts'
import { addConditionsCommand } from './conditions.ts'
import { addContivOnly } from './contiv-only.ts'
import { argumentsText } from './contiv-words.ts'
import { addEndpointCommands } from './endpoint.ts'
import { addExportCommand } from './export.ts'
import { addGlobalCommands } from './global.ts'
import { pathOf, readArguments } from './grammar.ts'
import { addGroupCommands } from './group.ts'
import { addJoinCommand } from './join.ts'
import { addNetProfileCommands } from './netprofile.ts'
import { addNetworkCommands } from './network.ts'
import { addPeerCommands } from './peer.ts'
import { addPolicyCommands } from './policy.ts'
import { addPsCommand } from './ps.ts'
import { createSession, type Environment, type Io, type ProgramName, type Session } from './session.ts'
import { addStatusCommand } from './status.ts'
import { addTenantCommands } from './tenant.ts'
import { addVersionCommand } from './version.ts'
import { addWhyCommand } from './why.ts'

/** Runs one command; resolves with the exit code (error table of src/lib/errors.ts; 2 for a wrong command line). */
export async function main(name: ProgramName, argv: readonly string[], env: Environment, io: Io): Promise<number> {
  const program = new Command(name)
  const session = createSession(name, io, env, () => program.opts())
  let leaf = program
  try {
    await addCommands(program, session, argv)
    const { args, command } = readArguments(program, argv)
    leaf = command
    const onlyVersion = command === program && args.includes('--version')
    // a blank line first: Contiv's `-v` prints one, its `version` does not
    if (onlyVersion && name === 'netctl') io.stdout('\n')
    await program.parseAsync(onlyVersion ? ['version'] : args, { from: 'user' })
    return 0
  } catch (error) {
    const { text, exitCode } = explain(error, leaf, name)
    if (text) session.fail(text)
    return exitCode
  }
}

/** All nouns and verbs of the program. */
export async function addCommands(program: Command, session: Session, argv: readonly string[]): Promise<void> {
  program
    .description('networks the containers of many hosts, with no central store')
    .option(
      '-H, --host <host>',
      'a member by its name or key; or socket or loopback URL of skeind (env SKEIN_HOST; default /run/skein/skein.sock)',
    )
    .option('--netmaster <url>', 'the same as a loopback URL (env NETMASTER)')
    .option('-v, --version', 'print the versions of client and server')
    .helpOption('-h, --help', 'print this text')
    .exitOverride()
    .configureOutput({
      writeOut: text => session.io.stdout(text),
      writeErr: text => session.io.stderr(text),
      outputError: () => {}, // `main` prints every error, in the program's own form
    })
  // Contiv's scripts say it, and it hides nothing: there is no TLS whose check it could leave out
  if (session.name === 'netctl') program.option('--insecure', 'of Contiv; without effect, as the API has no TLS')
  addVersionCommand(program, session)
  addTenantCommands(program, session)
  addNetworkCommands(program, session)
  addGroupCommands(program, session)
  addPolicyCommands(program, session)
  addNetProfileCommands(program, session)
  addGlobalCommands(program, session)
  addEndpointCommands(program, session)
  addAddressCommands(program, session)
  addPeerCommands(program, session)
  addJoinCommand(program, session)
  addStatusCommand(program, session)
  addConditionsCommand(program, session)
  if (session.name !== 'skein') return addContivOnly(program)
  addWhyCommand(program, session)
  addPsCommand(program, session)
  addExportCommand(program, session)
  addApplyCommand(program, session)
  await addLabCommands(program, argv)
}

/** The lab is large and seldom used: loaded when it is named, else only listed. */
async function addLabCommands(program: Command, argv: readonly string[]): Promise<void> {
  if (argv.includes('lab')) (await import('../lab/cli.ts')).registerLab(program)
  else program.command('lab').description('several hosts on this machine, to try Skein with')
}

function explain(error: unknown, command: Command, name: ProgramName): { text: string; exitCode: number } {
  if (error instanceof SkeinError) return { text: error.message, exitCode: error.exitCode }
  if (!(error instanceof CommanderError)) return { text: `internal error: ${errorText(error)}`, exitCode: 1 }
  if (error.code === 'commander.helpDisplayed') return { text: '', exitCode: 0 }
  // a noun without its verb: commander has printed the help of the noun
  if (error.code === 'commander.help') return { text: '', exitCode: 2 }
  const contivs = name === 'netctl' && argumentsText(error.code, pathOf(command))
  const own = errorText(error)
    .replace(/^error: /, '')
    .replace(/\.$/, '')
  return { text: `${contivs || own}; see: ${pathOf(command)} --help`, exitCode: 2 }
}
